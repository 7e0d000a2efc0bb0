"""Session → what is known of each case, before anybody knows how long its texts may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports import usage
from pytest_llmeval.exports.html import picking
from pytest_llmeval.exports.html.lines import LineView, line_view
from pytest_llmeval.records import Verdict, tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.exports.beside import Beside
    from pytest_llmeval.exports.html.picking import Answered, Typical
    from pytest_llmeval.records import CaseResult, CaseVerdict, CheckId, Request, Session

REGRESSED, FAILED, BELOW, UNSCORED, IMPROVED = "regressed", "failed", "below threshold", "unscored", "improved"
NEW, CHANGED, PASSED = "new", "answer changed", "passed"
"""What a case can be; several at once, of which the first names it."""
ORDER = (REGRESSED, FAILED, BELOW, UNSCORED, IMPROVED, NEW, PASSED)


class Material(NamedTuple):
    """One case.

    Args:
        result: of the case.
        lines: one a check.
        words: all that it is.
        every: what was judged in each trial.
        first: what is shown of them; None without a trial.
        before: the baseline's answer; None where it is not known.
        is_same: whether the two are one text.
    """

    result: CaseResult
    lines: tuple[LineView, ...]
    words: tuple[str, ...]
    every: tuple[Answered, ...]
    first: Answered | None
    before: Typical | None
    is_same: bool

    @property
    def status(self) -> str:
        """The word that names the case; one that was not judged is called as pytest reports it."""
        return next((word for word in ORDER if word in self.words), self.result.outcome)

    @property
    def is_first(self) -> bool:
        """Whether somebody has to look at it, so that its texts are cut last."""
        return self.status not in (PASSED, NEW)

    @property
    def question(self) -> str:
        """What was asked in the trial that is shown."""
        return self._asked.question if self._asked is not None else ""

    @property
    def system(self) -> str:
        """The system prompt it was asked with; empty where there is none."""
        messages = self._asked.messages if self._asked is not None else ()
        said = (message.get("content") for message in messages if message.get("role") in ("system", "developer"))
        return next((text for text in said if isinstance(text, str)), "")

    @property
    def _asked(self) -> Request | None:
        if self.first is None:
            return None
        call = self.first.call or next(iter(self.first.trial.calls), None)
        return call.request if call is not None else None


def materials(session: Session, beside: Beside) -> tuple[Material, ...]:
    """Return what is known of each case, in the session's order."""
    here = {call.origin: call.text for call in usage.responses(session) if call.origin}
    here |= {
        check.origin: check.output
        for result in session.results
        for trial in result.trials
        for check in trial.checks
        if check.origin and check.origin not in here
    }
    comparisons = session.verdict.comparisons if session.verdict else ()
    compared = {case.id: case for comparison in comparisons for case in comparison.cases}
    return tuple(_material(result, beside, compared, here) for result in session.results)


def _material(
    result: CaseResult, beside: Beside, compared: Mapping[CheckId, CaseVerdict], here: Mapping[str, str]
) -> Material:
    every = tuple(map(picking.answered, result.trials))
    first = picking.shown(every)
    before = picking.typical(result, first, beside, here) if first is not None else None
    tallies = tally(*result.id, result.trials, result.checks, arm=result.arm)
    lines = tuple(line_view(found, beside, compared, result.input_hash) for found in tallies)
    is_same = before is not None and first is not None and before.text == first.text
    words = _words(result, lines, has_baseline=bool(beside.lines), is_changed=before is not None and not is_same)
    return Material(result, lines, words, every, first, before, is_same)


def _words(result: CaseResult, lines: Sequence[LineView], *, has_baseline: bool, is_changed: bool) -> tuple[str, ...]:
    said = {line.verdict for line in lines}
    is_unscored = any(line.mean is None for line in lines) or any(trial.is_unscored for trial in result.trials)
    holds = {
        REGRESSED: Verdict.REGRESSED.value in said,
        FAILED: result.outcome == "failed",
        BELOW: any(line.is_below for line in lines),
        UNSCORED: is_unscored or result.outcome == "unscored",
        IMPROVED: Verdict.IMPROVED.value in said,
        NEW: has_baseline and all(line.before is None for line in lines) and bool(lines),
        CHANGED: is_changed,
        PASSED: result.outcome == "passed",
    }
    return tuple(word for word, does_hold in holds.items() if does_hold)
