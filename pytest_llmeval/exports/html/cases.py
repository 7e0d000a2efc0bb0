"""Session → one view a case, the worst first: what its row says, and what opens below it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports import usage
from pytest_llmeval.exports.html import fitting, picking
from pytest_llmeval.exports.html.lines import BAD, GOOD, OPEN, LineView, line_view
from pytest_llmeval.exports.html.two_texts import Piece, pieces
from pytest_llmeval.exports.html.visible import one_line
from pytest_llmeval.records import Verdict, tally
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.exports.html.beside import Beside
    from pytest_llmeval.exports.html.picking import Answered, Other, Typical
    from pytest_llmeval.records import CaseResult, CaseVerdict, CheckId, Response, Session, Tally

_MOST_OTHERS, _MOST_CALLS = 9, 8
_LONGEST_ERROR, _LONGEST_SNIPPET = 2_000, 140
_FRAME = 100  # bytes around a further answer
REGRESSED, FAILED, BELOW, UNSCORED, IMPROVED = "regressed", "failed", "below threshold", "unscored", "improved"
NEW, CHANGED, PASSED = "new", "answer changed", "passed"
"""What a case can be; several at once, of which the first names it."""
_TONES = {REGRESSED: BAD, FAILED: BAD, BELOW: BAD, UNSCORED: OPEN, IMPROVED: GOOD, PASSED: GOOD}
_ORDER = (REGRESSED, FAILED, BELOW, UNSCORED, IMPROVED, NEW, PASSED)


class Text(NamedTuple):
    """A text in pieces, of which some are marked; ``n_left`` characters are left out at its end."""

    pieces: tuple[Piece, ...]
    n_left: int = 0


class Call(NamedTuple):
    """An answer of a model in words: where it came from, and what it took."""

    provenance: str
    model: str
    took: str
    recorded_at: str
    key: str


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """One case.

    Args:
        test, case, arm: who it is.
        status: its first word; ``words`` has all that apply.
        rank: place of the status, the worst first.
        lines: one a check.
        fall: the line that fell furthest below the baseline; None where nothing is compared.
        cost_usd, latency_s: of its calls, judges included, when they were asked; None where unknown.
        question, system: what was asked in the trial that is shown.
        answer, before: this session's text and the baseline's.
        snippet: the head of the answer on a line.
        head, head_before: what the two are, in words.
        calls: answers of the trial that is shown, then of its judges.
        notes: what else is to be said: errors, and why there is no score.
        others: further answers, each with its trials; ``n_more`` are left out.
    """

    nodeid: str
    test: str
    case: str
    arm: str
    suite: str
    tags: tuple[str, ...]
    status: str
    tone: str
    rank: int
    words: tuple[str, ...]
    lines: tuple[LineView, ...]
    fall: LineView | None
    cost_usd: float | None
    latency_s: float | None
    question: Text
    system: str
    answer: Text | None
    before: Text | None
    snippet: str
    head: str
    head_before: str
    is_same: bool
    calls: tuple[Call, ...]
    n_more_calls: int
    notes: tuple[str, ...]
    others: tuple[tuple[Text, Other], ...] = ()
    n_more: int = 0


class _Material(NamedTuple):
    """What is shown of a case, before anybody knows how long its texts may be."""

    result: CaseResult
    tallies: tuple[Tally, ...]
    every: tuple[Answered, ...]
    first: Answered | None
    before: Typical | None
    question: str
    system: str


def case_views(session: Session, beside: Beside) -> tuple[CaseView, ...]:
    """Return a view of each case: what regressed first, then what failed, and so on; the largest fall first."""
    here = {call.origin: call.text for call in usage.responses(session) if call.origin}
    here |= {
        check.origin: check.output
        for result in session.results
        for trial in result.trials
        for check in trial.checks
        if check.origin and check.origin not in here
    }
    every = [_material(result, beside, here) for result in session.results]
    sizes = [[fitting.n_bytes(text) for text in _texts(one)] for one in every]
    limit = fitting.fitting(size for one in sizes for size in one)
    spare = fitting.BUDGET - sum(min(size, limit) for one in sizes for size in one)
    comparisons = session.verdict.comparisons if session.verdict else ()
    compared = {case.id: case for comparison in comparisons for case in comparison.cases}
    views = _Views(beside, compared, limit, has_baseline=bool(beside.lines))
    ordered = sorted(((views.of(one), one) for one in every), key=lambda pair: _worst_first(pair[0]))
    return tuple(_with_others(ordered, limit, spare))


def _material(result: CaseResult, beside: Beside, here: Mapping[str, str]) -> _Material:
    every = tuple(map(picking.answered, result.trials))
    first = picking.shown(every)
    before = picking.typical(result, first, beside, here) if first is not None else None
    asked = next(iter([first.call] if first and first.call else first.trial.calls if first else []), None)
    messages = asked.request.messages if asked is not None else ()
    systems = (message.get("content") for message in messages if message.get("role") in ("system", "developer"))
    system = next((text for text in systems if isinstance(text, str)), "")
    question = asked.request.question if asked is not None else ""
    return _Material(result, tally(*result.id, result.trials, result.checks, arm=result.arm), every, first, before, question, system)


def _texts(one: _Material) -> Iterator[str]:
    yield one.question
    if one.first is not None:
        yield one.first.text
        if one.before is not None and one.before.text != one.first.text:
            yield one.before.text


class _Views:
    """Makes views; what all of them share."""

    def __init__(
        self, beside: Beside, compared: Mapping[CheckId, CaseVerdict], limit: int, *, has_baseline: bool
    ) -> None:
        self._beside = beside
        self._compared = compared
        self._limit = limit
        self._has_baseline = has_baseline

    def of(self, one: _Material) -> CaseView:
        """Return the view of a case."""
        result, first = one.result, one.first
        lines = tuple(line_view(found, self._beside, self._compared, result.input_hash) for found in one.tallies)
        is_same = one.before is not None and first is not None and one.before.text == first.text
        words = self._words(one, lines, is_same=is_same)
        status = next((word for word in _ORDER if word in words), result.outcome)
        answer, before = self._pair(one, is_same=is_same)
        calls = [*first.trial.calls, *first.trial.judge_calls] if first is not None else []
        every = [call for trial in result.trials for call in (*trial.calls, *trial.judge_calls)]
        falls = [line for line in lines if line.change is not None]
        return CaseView(
            nodeid=result.nodeid,
            test=result.id.test,
            case=result.id.case,
            arm=result.arm,
            suite=result.suite,
            tags=result.tags,
            status=status,
            tone=_TONES.get(status, ""),
            rank=_ORDER.index(status) if status in _ORDER else len(_ORDER),
            words=words,
            lines=lines,
            fall=min(falls, key=lambda line: line.change or 0.0, default=None),
            cost_usd=usage.measure(every).cost_usd if every else None,
            latency_s=_latency_s(result),
            question=_text(one.question, self._limit),
            system=one.system,
            answer=answer,
            before=before,
            snippet=one_line(first.text, limit=_LONGEST_SNIPPET) if first is not None else "",
            head=_head(one),
            head_before=_head_before(one.before),
            is_same=is_same,
            calls=tuple(map(_call, calls[:_MOST_CALLS])),
            n_more_calls=max(len(calls) - _MOST_CALLS, 0),
            notes=_notes(result),
        )

    def _words(self, one: _Material, lines: Sequence[LineView], *, is_same: bool) -> tuple[str, ...]:
        said = {line.verdict for line in lines}
        is_unscored = any(line.mean is None for line in lines) or any(trial.is_unscored for trial in one.result.trials)
        holds = {
            REGRESSED: Verdict.REGRESSED.value in said,
            FAILED: one.result.outcome == "failed",
            BELOW: any(line.is_below for line in lines),
            UNSCORED: is_unscored or one.result.outcome == "unscored",
            IMPROVED: Verdict.IMPROVED.value in said,
            NEW: self._has_baseline and all(line.before is None for line in lines) and bool(lines),
            CHANGED: one.before is not None and not is_same,
            PASSED: one.result.outcome == "passed",
        }
        return tuple(word for word, does_hold in holds.items() if does_hold)

    def _pair(self, one: _Material, *, is_same: bool) -> tuple[Text | None, Text | None]:
        if one.first is None:
            return None, None
        if one.before is None or is_same:
            return _text(one.first.text, self._limit), None
        (new, n_new), (old, n_old) = (fitting.cut(one.first.text, self._limit), fitting.cut(one.before.text, self._limit))
        left, right = pieces(old, new)
        return Text(right, n_new), Text(left, n_old)


def _with_others(ordered: Sequence[tuple[CaseView, _Material]], limit: int, spare: int) -> Iterator[CaseView]:
    """Add further answers to the views, from the first on, as long as the page has room for them."""
    for view, one in ordered:
        if one.first is None or len(one.every) == 1:
            yield view
            continue
        found, n_more = picking.others(one.every, one.first, most=_MOST_OTHERS)
        shown: list[tuple[Text, Other]] = []
        for other in found:
            text = _text(other.text, limit)
            spare -= fitting.n_bytes("".join(piece.text for piece in text.pieces)) + _FRAME
            if spare < 0:
                break
            shown.append((text, other))
        yield replace(view, others=tuple(shown), n_more=n_more + len(found) - len(shown))


def _text(text: str, limit: int) -> Text:
    head, n_left = fitting.cut(text, limit)
    return Text((Piece(False, head),) if head else (), n_left)


def _worst_first(view: CaseView) -> tuple[int, float, float, str, str, str]:
    fall = view.fall.change if view.fall is not None and view.fall.change is not None else 0.0
    lowest = min((line.mean for line in view.lines if line.mean is not None), default=1.0)
    return view.rank, fall, lowest, view.test, view.case, view.arm


def _latency_s(result: CaseResult) -> float | None:
    """Return the mean over the trials of what the answers of the model took, in seconds."""
    took = [sum(call.latency_s for call in trial.calls) for trial in result.trials if trial.calls]
    return sum(took) / len(took) if took else None


def _head(one: _Material) -> str:
    n_trials = len(one.every)
    if one.first is None or n_trials <= 1:
        return "this session"
    n_equal = sum(other.text == one.first.text for other in one.every)
    return f"this session, trial {one.first.trial.index + 1} of {n_trials}, the lowest" + (
        f"; {n_equal} gave this answer" if n_equal > 1 else ""
    )


def _head_before(before: Typical | None) -> str:
    if before is None:
        return ""
    if before.n_draws == 1:
        return f"baseline, {before.metric} {before.score:.2f}"
    return f"baseline, the median of {before.n_draws} by {before.metric} ({before.score:.2f})"


def _call(call: Response) -> Call:
    tokens = [
        f"{'?' if call.n_input_tokens is None else f'{call.n_input_tokens:,}'} in",
        f"{'?' if call.n_output_tokens is None else f'{call.n_output_tokens:,}'} out",
    ]
    price = "price unknown" if call.cost_usd is None else f"${call.cost_usd:.4f}"
    named = call.request.model
    if call.model and call.model not in (named, named.partition("/")[2]):
        named += f" ({call.model})"
    return Call(
        provenance=("judge, " if call.request.trial is None else "")
        + call.provenance
        + ("" if call.outcome == "ok" else f", {call.outcome.value}"),
        model=named + (f", build {call.fingerprint}" if call.fingerprint else ""),
        took=f"{', '.join(tokens)}, {call.latency_s:.2f} s, {price}",
        recorded_at=call.recorded_at[:19].replace("T", " "),
        key=call.key[:12],
    )


def _notes(result: CaseResult) -> tuple[str, ...]:
    """Return what trials ended by, each once with how often, and which of their requests were not recorded."""
    ended = Counter(one_line(trial.error, limit=_LONGEST_ERROR) for trial in result.trials if trial.error)
    said = [f"{error}{f' ({n} trials)' if n > 1 else ''}" for error, n in ended.items()]
    if result.has_miss:
        said.append("an answer that it asked for is not recorded: llmeval cache explain says what changed")
    if len(result.trials) < result.n_planned and result.outcome != "skipped":
        said.append(f"{len(result.trials)} of {result.n_planned} trials ran")
    return tuple(said)
