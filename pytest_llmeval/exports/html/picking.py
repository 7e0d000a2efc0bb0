"""Case → the one answer a reader should see first, and the baseline's answer to set beside it.

Shown is the answer of the trial that fell furthest below its threshold, the first of equals. Beside it stands the
baseline's answer of median score in the same metric: a typical one, so that chance is not set against chance.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.records import CheckId

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.exports.beside import Beside
    from pytest_llmeval.records import CaseResult, Check, Draw, Response, Trial


class Answered(NamedTuple):
    """A trial and the text that was judged in it.

    ``call`` is the model's answer that the text is; None where the application made the text of several, or of none.
    """

    trial: Trial
    text: str
    call: Response | None
    check: Check | None


class Other(NamedTuple):
    """Another answer of the same case: how many trials gave it, and what its checks came to in the first of them."""

    text: str
    n_trials: int
    scores: str


class Typical(NamedTuple):
    """The baseline's answer: its text, its score by ``metric``, and how many draws the baseline has of it."""

    text: str
    score: float
    metric: str
    n_draws: int


def answered(trial: Trial) -> Answered:
    """Return what was judged in a trial: the text of its worst check, else its last answer.

    A check of a bare number keeps no text; its trial's last answer is the best guess at what it was made of.
    """
    check = min((check for check in trial.checks if check.value is not None), key=_margin, default=None)
    if check is None:
        check = next(iter(trial.checks), None)
    if check is not None and (check.output or check.origin):
        call = next((call for call in trial.calls if check.origin and call.origin == check.origin), None)
        if call is None and check.output and len(trial.calls) == 1 and trial.calls[0].text.startswith(check.output):
            # The head of an answer is kept with its check; here it is that of the only answer there was.
            call = trial.calls[0]
        return Answered(trial, call.text if call is not None else check.output, call, check)
    call = trial.calls[-1] if trial.calls else None
    return Answered(trial, call.text if call is not None else "", call, check)


def shown(every: Sequence[Answered]) -> Answered | None:
    """Return the answer to show first; None without a trial."""
    return min(every, key=lambda one: 2.0 if one.check is None else _margin(one.check), default=None)


def others(every: Sequence[Answered], first: Answered, *, most: int) -> tuple[tuple[Other, ...], int]:
    """Return further answers by their texts, the most common first, and how many texts are left out."""
    groups: dict[str, list[Answered]] = defaultdict(list)
    for one in every:
        groups[one.text].append(one)
    groups.pop(first.text, None)
    groups.pop("", None)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    found = tuple(Other(text, len(same), scores_of(same[0].trial.checks)) for text, same in ordered[:most])
    return found, len(ordered) - len(found)


def scores_of(checks: Sequence[Check]) -> str:
    """Say what each check of a trial came to: ``relevance 0.20, safety 1.00``."""
    return ", ".join(
        f"{check.score.metric} {'unscored' if check.value is None else f'{check.value:.2f}'}" for check in checks
    )


def typical(result: CaseResult, first: Answered, beside: Beside, here: Mapping[str, str]) -> Typical | None:
    """Return the baseline's answer of median score; None where no text of a draw is known.

    Args:
        result: the case.
        first: the answer that is shown, whose check is looked up in the baseline.
        beside: with the baseline's lines, and texts by origin.
        here: texts by origin of this session, which holds the baseline's own draws where they are replayed.
    """
    for check in _checks(first):
        line = beside.lines.get(CheckId(*result.id, check.score.metric, check.nth, result.arm))
        if line is None or line.input_hash != result.input_hash:
            continue
        known = sorted(_known(line.draws, beside.answers, here), key=lambda one: one[0])
        if known:
            score, text = known[len(known) // 2]
            return Typical(text, score, check.score.metric, len(line.draws))
    return None


def _known(draws: Sequence[Draw], *sources: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    for draw in draws:
        text = next((source[draw.origin] for source in sources if draw.origin and draw.origin in source), None)
        if text is not None:
            yield draw.score, text


def _checks(first: Answered) -> Iterator[Check]:
    """Yield the check that matters most, then the others."""
    if first.check is not None:
        yield first.check
    yield from (check for check in first.trial.checks if check is not first.check)


def _margin(check: Check) -> float:
    """Return how far a check lies above its threshold, in [-1, 1]; one without a score or threshold lies high."""
    if check.value is None:
        return 1.5
    return check.value - check.threshold if check.threshold is not None else check.value
