"""Session → one view a case, the worst first: what its row says, and what opens below it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports import usage
from pytest_llmeval.exports.html import fitting, picking
from pytest_llmeval.exports.html.lines import BAD, GOOD, OPEN, LineView
from pytest_llmeval.exports.html.material import (
    BELOW,
    FAILED,
    IMPROVED,
    ORDER,
    PASSED,
    REGRESSED,
    UNSCORED,
    materials,
)
from pytest_llmeval.exports.html.two_texts import Piece, pieces
from pytest_llmeval.exports.html.visible import one_line
from pytest_llmeval.records import Provenance
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.exports.beside import Beside
    from pytest_llmeval.exports.html.material import Material
    from pytest_llmeval.exports.html.picking import Other, Typical
    from pytest_llmeval.records import CaseResult, Response, Session

_MOST_OTHERS, _MOST_CALLS, _MOST_TAGS, _MOST_ERRORS = 9, 8, 20, 3
_LONGEST_ERROR, _LONGEST_SNIPPET, _LONGEST_NAME, _LONGEST_TAG = 500, 100, 200, 60
_CASE_FRAME, _OTHER_FRAME = 1_200, 110  # bytes of markup and small words around a case, and around a further answer
_SAYS_SOMETHING = 600  # bytes of a text
_MARKED = 1.3  # what the marks of a word diff add to a text, as a factor
_TONES = {REGRESSED: BAD, FAILED: BAD, BELOW: BAD, UNSCORED: OPEN, IMPROVED: GOOD, PASSED: GOOD}


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
        nodeid: pytest's id, where it says more than test and case do.
        test, case, arm: who it is.
        status: its first word; ``words`` has all that apply.
        rank: place of the status, the worst first.
        lines: one a check; ``has_strips``: some of them have a picture.
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
    has_strips: bool
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

    @property
    def is_on_baseline(self) -> bool:
        """Whether the baseline has scores of it."""
        return any(line.before is not None for line in self.lines)


def case_views(session: Session, beside: Beside) -> tuple[CaseView, ...]:
    """Return a view of each case: what regressed first, then what failed, and so on; the largest fall first."""
    every = materials(session, beside)
    with_pictures = _has_room_for_pictures(every)
    frames = sum(_frame(one, with_pictures=with_pictures or one.is_first) for one in every)
    room = fitting.LARGEST_PAGE - frames
    firsts, rest = (
        [size for one in every if one.is_first is is_first for size in _sizes(one)] for is_first in (True, False)
    )
    limits = fitting.in_two(firsts, rest, room)
    spare = room - sum(min(size, limits[not one.is_first]) for one in every for size in _sizes(one))
    views = [(_view(one, limits[not one.is_first], with_pictures=with_pictures or one.is_first), one) for one in every]
    ordered = sorted(views, key=lambda pair: _worst_first(pair[0]))
    return tuple(_with_others(ordered, limits, spare))


def _sizes(one: Material) -> list[int]:
    sizes = [fitting.n_bytes(one.question)]
    if one.first is not None:
        if one.before is None or one.is_same:
            return [*sizes, fitting.n_bytes(one.first.text)]
        sizes += [int(_MARKED * fitting.n_bytes(text)) for text in (one.first.text, one.before.text)]
    return sizes


def _frame(one: Material, *, with_pictures: bool) -> int:
    """Return about how many bytes a case takes beside its texts."""
    notes = sum(map(len, _notes(one.result)))
    return (
        _CASE_FRAME + notes + sum(line.n_bytes + (line.n_bytes_of_strip if with_pictures else 0) for line in one.lines)
    )


def _has_room_for_pictures(every: Sequence[Material]) -> bool:
    """Whether all cases can have pictures, and texts of a length at which they still say something."""
    frames = sum(_frame(one, with_pictures=True) for one in every)
    return frames + sum(min(size, _SAYS_SOMETHING) for one in every for size in _sizes(one)) <= fitting.LARGEST_PAGE


def _view(one: Material, limit: int, *, with_pictures: bool) -> CaseView:
    """Return the view of a case whose texts may take so many bytes each."""
    result, first, lines = one.result, one.first, one.lines
    answer, before = _pair(one, limit)
    calls = [*first.trial.calls, *first.trial.judge_calls] if first is not None else []
    every = [call for trial in result.trials for call in (*trial.calls, *trial.judge_calls)]
    return CaseView(
        nodeid="" if result.nodeid == str(result.id) else one_line(result.nodeid, limit=_LONGEST_NAME),
        test=one_line(result.id.test, limit=_LONGEST_NAME),
        case=one_line(result.id.case, limit=_LONGEST_NAME),
        arm=one_line(result.arm, limit=_LONGEST_NAME),
        suite=one_line(result.suite, limit=_LONGEST_NAME),
        tags=tuple(one_line(tag, limit=_LONGEST_TAG) for tag in result.tags[:_MOST_TAGS]),
        status=one.status,
        tone=_TONES.get(one.status, ""),
        rank=ORDER.index(one.status) if one.status in ORDER else len(ORDER),
        words=one.words,
        lines=lines,
        has_strips=with_pictures and any(line.has_strip for line in lines),
        fall=min(
            (line for line in lines if line.change is not None), key=lambda line: line.change or 0.0, default=None
        ),
        cost_usd=usage.measure(every).cost_usd if every else None,
        latency_s=_latency_s(result),
        question=_text(one.question, limit),
        system=one.system,
        answer=answer,
        before=before,
        snippet=one_line(first.text, limit=_LONGEST_SNIPPET) if first is not None else "",
        head=_head(one),
        head_before=_head_before(one.before),
        is_same=one.is_same,
        calls=tuple(map(_call, calls[:_MOST_CALLS])),
        n_more_calls=max(len(calls) - _MOST_CALLS, 0),
        notes=_notes(result),
    )


def _pair(one: Material, limit: int) -> tuple[Text | None, Text | None]:
    if one.first is None:
        return None, None
    if one.before is None or one.is_same:
        return _text(one.first.text, limit), None
    whole = (one.first.text, one.before.text)
    (new, n_new), (old, n_old) = (fitting.cut(text, int(limit / _MARKED)) for text in whole)
    left, right = pieces(old, new)
    return Text(right, n_new), Text(left, n_old)


def _with_others(
    ordered: Sequence[tuple[CaseView, Material]], limits: tuple[int, int], spare: int
) -> Iterator[CaseView]:
    """Add further answers to the views, from the first on, as long as the page has room for them."""
    for view, one in ordered:
        if one.first is None or len(one.every) == 1:
            yield view
            continue
        found, n_more = picking.others(one.every, one.first, most=_MOST_OTHERS)
        shown: list[tuple[Text, Other]] = []
        for other in found:
            text = _text(other.text, limits[not one.is_first])
            size = fitting.n_bytes("".join(piece.text for piece in text.pieces)) + _OTHER_FRAME
            if size > spare:
                break
            spare -= size
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


def _head(one: Material) -> str:
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
    named = one_line(call.request.model, limit=_LONGEST_NAME)
    if call.model and call.model not in (named, named.partition("/")[2]):
        named += f" ({one_line(call.model, limit=_LONGEST_NAME)})"
    return Call(
        provenance=("judge, " if call.request.trial is None else "")
        + call.provenance
        + ("" if call.outcome == "ok" else f", {call.outcome.value}"),
        model=named + (f", build {one_line(call.fingerprint, limit=_LONGEST_TAG)}" if call.fingerprint else ""),
        took=f"{', '.join(tokens)}, {call.latency_s:.2f} s, {price}",
        # What was just asked is as old as the session.
        recorded_at="" if call.provenance == Provenance.LIVE else call.recorded_at[:19].replace("T", " "),
        key=call.key[:12],
    )


def _notes(result: CaseResult) -> tuple[str, ...]:
    """Return what trials ended by, each once with how often, and which of their requests were not recorded."""
    ended = Counter(one_line(trial.error, limit=_LONGEST_ERROR) for trial in result.trials if trial.error)
    said = [f"{error}{f' ({n} trials)' if n > 1 else ''}" for error, n in ended.most_common(_MOST_ERRORS)]
    if len(ended) > _MOST_ERRORS:
        said.append(f"{len(ended) - _MOST_ERRORS} other errors, in the session file")
    if result.has_miss:
        said.append("an answer that it asked for is not recorded: llmeval cache explain says what changed")
    if len(result.trials) < result.n_planned and result.outcome != "skipped":
        said.append(f"{len(result.trials)} of {result.n_planned} trials ran")
    return tuple(said)
