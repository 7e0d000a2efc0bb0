"""Session → everything that the template names."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmeval.exports import agreement
from pytest_llmeval.exports.html import cases, material, overview
from pytest_llmeval.exports.html.visible import one_line
from pytest_llmeval.records import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.exports.beside import Beside
    from pytest_llmeval.exports.html.cases import CaseView
    from pytest_llmeval.exports.html.lines import LineView
    from pytest_llmeval.records import Session

_MOST_COLUMNS, _MOST_MOVED, _MOST_PROMPTS, _LONGEST_PROMPT, _MOST_OPEN = 5, 5, 10, 8_000, 3
_MOVED = (Verdict.REGRESSED.value, Verdict.IMPROVED.value)
_WORDS = (*material.ORDER[:-1], material.CHANGED, material.PASSED, "skipped", "xfailed")
"""What the cases can be filtered by."""


class Choice(NamedTuple):
    """What a filter offers: its value, and how many cases have it."""

    name: str
    n_cases: int


class Row(NamedTuple):
    """A case in the table, with the numbers of the choices that it belongs to."""

    number: int
    view: CaseView
    words: str
    suite: str
    tags: str
    by_metric: Mapping[str, LineView]
    lowest: LineView | None


class Moved(NamedTuple):
    """A case with lines that regressed, improved or lie below their threshold; ``number`` is its own on the page."""

    number: int
    case: CaseView
    lines: tuple[LineView, ...]


class Prompt(NamedTuple):
    """A system prompt, and how many cases were asked with it."""

    text: str
    n_left: int
    n_cases: int


def page(session: Session, beside: Beside) -> Mapping[str, Any]:  # Any: what a template is given
    """Return what the template names, by its names."""
    views = cases.case_views(session, beside)
    lead = overview.lead(session, views)
    suites = Counter(view.suite for view in views if view.suite)
    tags = Counter(tag for view in views for tag in view.tags)
    words = Counter(word for view in views for word in {*view.words, view.status})
    prompts = Counter(view.system for view in views if view.system)
    moved = _moved(views)
    choices = [
        [Choice(word, words[word]) for word in _WORDS if words[word]],
        [Choice(*item) for item in sorted(suites.items())] if len(suites) > 1 else [],
        [Choice(*item) for item in sorted(tags.items())],
    ]
    return {
        "session": session,
        "version": session.versions.get("pytest-llmeval", ""),
        "title": f"{lead.word}: llmeval report"
        + "".join(f", {part}" for part in (one_line(session.branch, limit=60), session.started_at[:10]) if part),
        "lead": lead,
        "ending": beside.ending,
        "states": tuple(overview.states(session)),
        "figures": tuple(overview.figures(session)),
        "particulars": tuple(overview.particulars(session)),
        "reasons": overview.reasons(session),
        "metrics": overview.metrics(session, beside),
        "n_past": len(beside.past),
        "has_trend": bool(beside.past),
        "has_verdict": session.verdict is not None,
        "has_judge": any(agreement.judged_of(session, summary) for summary in session.summaries),
        "has_baseline": any(line.before is not None for view in views for line in view.lines),
        "arms": overview.arms(session),
        "moved": moved[:_MOST_MOVED],
        "n_more_moved": max(len(moved) - _MOST_MOVED, 0),
        "cases": views,
        "columns": _columns(views),
        "n_open": min(_MOST_OPEN, sum(view.rank == 0 for view in views)),
        "has_fall": any(view.fall is not None for view in views),
        "has_cost": any(view.cost_usd is not None for view in views),
        "has_latency": any(view.latency_s for view in views),
        "words": choices[0],
        "suites": choices[1],
        "tags": choices[2],
        "rows": _rows(views, choices),
        "prompts": [
            Prompt(text[:_LONGEST_PROMPT], max(len(text) - _LONGEST_PROMPT, 0), n)
            for text, n in prompts.most_common(_MOST_PROMPTS)
        ],
        "n_more_prompts": max(len(prompts) - _MOST_PROMPTS, 0),
    }


def _columns(views: Sequence[CaseView]) -> tuple[str, ...]:
    """Return the metrics that have a column of their own; none where there are too many: each row names its own."""
    metrics = tuple(dict.fromkeys(line.metric for view in views for line in view.lines))
    return metrics if len(metrics) <= _MOST_COLUMNS else ()


def _rows(views: Sequence[CaseView], choices: Sequence[Sequence[Choice]]) -> list[Row]:
    words, suites, tags = ({choice.name: str(place) for place, choice in enumerate(every)} for every in choices)
    return [
        Row(
            number,
            view,
            " ".join(words[word] for word in dict.fromkeys((view.status, *view.words)) if word in words),
            suites.get(view.suite, ""),
            " ".join(tags[tag] for tag in view.tags),
            {line.metric: line for line in view.lines},
            min(
                (line for line in view.lines if line.mean is not None), key=lambda line: line.mean or 0.0, default=None
            ),
        )
        for number, view in enumerate(views, 1)
    ]


def _moved(views: Sequence[CaseView]) -> list[Moved]:
    moved = [
        Moved(number, view, tuple(line for line in view.lines if line.is_below or line.verdict in _MOVED))
        for number, view in enumerate(views, 1)
    ]
    return [one for one in moved if one.lines]
