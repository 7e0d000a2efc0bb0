"""Session → the head of the report: the verdict, what it rests on, a row for each metric, and what moved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports import agreement, arm_table, headline, usage, wording
from pytest_llmeval.exports.html import drawings
from pytest_llmeval.exports.html.lines import BAD, GOOD, OPEN, TONES
from pytest_llmeval.exports.html.visible import one_line
from pytest_llmeval.records import Provenance
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.exports.arm_table import Row
    from pytest_llmeval.exports.beside import Beside
    from pytest_llmeval.exports.html.cases import CaseView
    from pytest_llmeval.records import Comparison, Judged, Session, Summary

_LONGEST_SENTENCE, _LONGEST_NAME, _MOST_OWN, _MOST_NAMES, _MOST_REASONS = 1_000, 300, 3, 100, 20


class Lead(NamedTuple):
    """The verdict: one word in its tone, the sentences that say it, and further ones."""

    word: str
    tone: str
    own: tuple[str, ...]
    others: tuple[str, ...]


class State(NamedTuple):
    """What the session lacks, in a sentence, with the names it concerns."""

    tone: str
    text: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MetricView:
    """A suite by a metric: figures by the heads of ``wording.figures``, their picture, and the past.

    Args:
        low, high, mean, before: places in the picture; empty where unknown.
        trend: of the means of past sessions and this one; None where there are none.
        told: the trend in words.
        people: how far the judge agrees with people, or that nobody knows; "-" where nobody judged.
    """

    suite: str
    metric: str
    figures: dict[str, str]
    verdict: str
    tone: str
    low: str
    high: str
    mean: str
    before: str
    trend: drawings.Trend | None
    told: str
    notes: tuple[str, ...]
    people: str


def lead(session: Session, cases: Sequence[CaseView]) -> Lead:
    """Return the verdict as the terminal says it; without a gate, what the thresholds decided."""
    verdict = session.verdict
    if verdict is None:
        n_below = sum(line.is_below for case in cases for line in case.lines)
        said = wording.without_gate(session, n_below)
        if session.settings.get("baseline_update"):
            return Lead("BASELINE UPDATE", OPEN, (said,), ())
        n_failed = sum(result.outcome == "failed" for result in session.results)
        is_whole = len(session.results) == len(session.plan.cases) and not session.lost
        word = f"{n_failed} FAILED" if n_failed else "PASSED" if is_whole else "INCOMPLETE"
        return Lead(word, BAD if n_failed or not is_whole else GOOD, (said,), ())
    sentences = tuple(one_line(text, limit=_LONGEST_SENTENCE) for text in headline.brief(verdict))
    invalid = (*verdict.invalid, *_invalid(session))
    if invalid:
        return Lead(
            "NO VERDICT POSSIBLE", BAD, tuple(one_line(text, limit=_LONGEST_SENTENCE) for text in invalid), sentences
        )
    own = tuple(text for text in sentences if headline.is_about(text, verdict.verdict))
    others = own[_MOST_OWN:] + tuple(text for text in sentences if text not in own)
    # The word stands above them, as large as it can be.
    told = tuple(text.removeprefix(f"{verdict.verdict.upper()} ") for text in own[:_MOST_OWN])
    return Lead(verdict.verdict.upper(), TONES.get(verdict.verdict, OPEN), told, others)


def _invalid(session: Session) -> Iterator[str]:
    """Yield why a session that was compared carries no verdict after all, as its exit status says as well."""
    if session.lost:
        yield f"{wording.count(len(session.lost), 'planned test')} brought no result"
    scored, expected = session.coverage
    least = session.settings.get("min_coverage", 0.0)
    if isinstance(least, float) and scored < least * expected:
        yield f"{scored} of {expected} checks are scored, and {least:.0%} are needed"
    if session.stopped:
        yield "the run was cut short"
    if session.selection:
        yield "only a selection was run"


def states(session: Session) -> Iterator[State]:
    """Yield what nobody may miss: failed and lost tests, a floor that was missed, an early stop, a selection."""
    failed = [result.nodeid for result in session.results if result.outcome == "failed"]
    if failed and session.verdict is not None:
        yield State(BAD, f"{wording.count(len(failed), 'test')} failed, whatever the verdict says", _named(failed))
    if session.lost:
        yield State(BAD, f"{wording.count(len(session.lost), 'test')} brought no result", _named(session.lost))
    for floor in session.floors:
        name = " ".join(filter(None, (floor.suite, floor.metric, floor.arm and f"@{floor.arm}"))) or "no suite"
        mean = "no mean" if floor.mean is None else f"a mean of {floor.mean:.3f}"
        yield State(BAD, f"{name} has {mean}, and {floor.floor:g} is the least that is allowed")
    if session.stopped:
        ran = f"{len(session.results)} of {wording.count(len(session.plan.cases), 'case')} ran"
        yield State(BAD, f"stopped early ({one_line(session.stopped, limit=_LONGEST_NAME)}): {ran}")
    if session.selection:
        left = session.plan.n_deselected
        rest = f"; {wording.count(left, 'LLM test')} left out" if left else ""
        yield State(OPEN, f"a selection ({one_line(session.selection, limit=_LONGEST_NAME)}){rest}")
    if session.uncalibrated:
        yield State(OPEN, one_line(wording.uncalibrated(session), limit=_LONGEST_SENTENCE))


def _named(names: Sequence[str]) -> tuple[str, ...]:
    shown = [one_line(name, limit=_LONGEST_NAME) for name in names[:_MOST_NAMES]]
    return (*shown, f"{len(names) - _MOST_NAMES} more") if len(names) > _MOST_NAMES else tuple(shown)


def figures(session: Session) -> Iterator[tuple[str, str]]:
    """Yield what the session was and took, as pairs of a name and its words."""
    answers = usage.responses(session)
    count = Counter(answer.provenance for answer in answers)
    bought, replayed = usage.measure(usage.asked(answers)), usage.measure(usage.replayed(answers))
    scored, expected = session.coverage
    n_trials = sum(len(result.trials) for result in session.results)
    yield "cases", f"{len(session.results):,} in {n_trials:,} {'trial' if n_trials == 1 else 'trials'}"
    yield "checks scored", f"{scored:,} of {expected:,}"
    if answers:
        yield "answers", ", ".join(f"{count[kind]:,} {kind.value}" for kind in Provenance if count[kind])
        yield "cost", wording.cost(bought, replayed)
        yield "tokens", wording.tokens(bought, replayed)
    yield "time", f"{session.duration_s:.1f} s"
    models = usage.models(session)
    if models:
        yield "model" if len(models) == 1 else "models", one_line(", ".join(models), limit=_LONGEST_NAME)


def particulars(session: Session) -> Iterator[tuple[str, str]]:
    """Yield how the session came about, for whoever reads the report a year later."""
    yield "session", session.id
    yield "started", session.started_at
    if session.commit:
        yield "commit", session.commit
    if session.branch:
        yield "branch", session.branch
    if session.against is not None and session.against.commit:
        yield "compared with", f"{session.against.name} at {session.against.commit}"
    for name, value in session.settings.items():
        yield f"setting {one_line(name, limit=_LONGEST_NAME)}", one_line(str(value), limit=_LONGEST_NAME)
    for name, version in session.versions.items():
        yield one_line(name, limit=_LONGEST_NAME), one_line(version, limit=_LONGEST_NAME)


def reasons(session: Session) -> list[tuple[str, int]]:
    """Return why there is no score, the most common reason first, each with its number."""
    every = Counter(one_line(reason, limit=_LONGEST_NAME) for reason in wording.reasons(session)).most_common()
    rest = sum(n for _, n in every[_MOST_REASONS:])
    return [*every[:_MOST_REASONS], ("other reasons", rest)] if rest else every


def metrics(session: Session, beside: Beside) -> tuple[MetricView, ...]:
    """Return a row for each suite and metric, in the session's order."""
    compared = session.verdict.comparisons if session.verdict else ()
    comparisons = {(found.suite, found.metric, found.arm): found for found in compared}
    return tuple(
        _metric(
            summary,
            comparisons.get((summary.suite, summary.metric, summary.arm)),
            beside,
            agreement.judged_of(session, summary),
        )
        for summary in session.summaries
    )


def _metric(summary: Summary, found: Comparison | None, beside: Beside, judged: Sequence[Judged]) -> MetricView:
    means = [
        past.mean
        for session in beside.past
        for past in session.summaries
        if (past.suite, past.metric, past.arm) == (summary.suite, summary.metric, summary.arm)
        if past.mean is not None
    ]
    means += [] if summary.mean is None else [summary.mean]
    words = wording.figures(summary, found)
    has_change = found is not None and words["change"] != found.verdict.value
    return MetricView(
        suite=one_line(summary.suite, limit=_LONGEST_NAME),
        metric=one_line(f"{summary.metric} @{summary.arm}" if summary.arm else summary.metric, limit=_LONGEST_NAME),
        figures=words | {"change": words["change"].split(" ")[0] if has_change else "-"},
        verdict=found.verdict.value if found is not None else "",
        tone=TONES.get(found.verdict, OPEN) if found is not None else "",
        low=_place(summary.low),
        high=_place(summary.high),
        mean=_place(summary.mean),
        before=_place(found.baseline_mean if found is not None else None),
        trend=drawings.trend(means),
        told=_told(means),
        notes=(
            *((*found.notes, *wording.interval(found)) if found is not None else ()),
            *(one_line(text, limit=_LONGEST_SENTENCE) for text in agreement.told(judged)),
        ),
        people=agreement.short(judged),
    )


def _place(score: float | None) -> str:
    return "" if score is None else drawings.at(score)


def _told(means: Sequence[float]) -> str:
    first, last = means[0] if means else 0.0, means[-1] if means else 0.0
    return f"{len(means)} sessions, from {first:.3f} to {last:.3f}, lowest {min(means, default=0.0):.3f}"


def arms(session: Session) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Return what is said of several variants, and the rows of their table; nothing where there is one."""
    contest = session.contest
    if contest is None or not contest.sentences:
        return (), ()
    return tuple(one_line(text, limit=_LONGEST_SENTENCE) for text in contest.sentences), tuple(arm_table.rows(contest))
