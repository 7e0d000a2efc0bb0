"""Sessions and trends: which there are, how the means went, and what one of them found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pytest_llmeval.exports import wording
from pytest_llmeval.ui import history, reading, verdict
from pytest_llmeval.ui.pages import case, drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.exports.worst import WorstLine
    from pytest_llmeval.records import Json, Session

_ALL = "all branches"
_MOST_MOVED = 20
_DAY = (
    "substring(datum.label,0,4)+'-'+substring(datum.label,4,6)+'-'+substring(datum.label,6,8)"
    "+' '+substring(datum.label,9,11)+':'+substring(datum.label,11,13)"
)


def draw(found: Project) -> None:
    """Draw the list, the trend, and one session."""
    stored = reading.stored(found.folder)
    st.title("Sessions")
    for fault in stored.faults:
        drawing.say(fault, small=True)
    if not stored.heads:
        drawing.say("No session is stored yet. Run pytest: every run leaves one.")
        return
    with st.expander(f"{wording.count(len(stored.heads), 'session')} stored", expanded=len(stored.heads) > 1):
        drawing.table(history.rows(stored.heads), height=220 if len(stored.heads) > 5 else None)  # noqa: PLR2004 - rows
    _trend(stored.heads)
    names = {head.id: history.name(head) for head in stored.heads}
    chosen = drawing.choose("Session", list(names), names, key="session")
    if chosen is not None:
        _session(reading.session(stored.paths[chosen]))


def _trend(heads: Sequence[Session]) -> None:
    st.subheader("How the means went")
    left, right = st.columns(2)
    with left:
        suite = drawing.choose("Suite", history.suites(heads), {"": "(no suite)"}, key="suite")
    with right:
        branch = drawing.choose("Branch", [_ALL, *history.branches(heads)], key="branch")
    points = [] if suite is None else history.points(heads, suite, branch="" if branch == _ALL else branch or "")
    if len({point["session"] for point in points}) < 2:  # noqa: PLR2004 - a line has two ends
        drawing.say("A line needs two sessions that ran the whole suite.", small=True)
        return
    st.vega_lite_chart(points, _chart(), width="stretch")
    drawing.say("Each point is the mean over the cases; the band is its 95 % interval over trial noise.", small=True)


def _chart() -> dict[str, Json]:
    axis = {"labelExpr": _DAY, "labelAngle": -30, "labelOverlap": "greedy"}
    x: Json = {"field": "session", "type": "ordinal", "title": None, "sort": None, "axis": axis}
    color = {"field": "metric", "type": "nominal", "title": None}
    y = {"type": "quantitative", "scale": {"domain": [0, 1]}, "title": "mean score"}
    tooltip = [{"field": name} for name in ("metric", "mean", "low", "high", "cases", "when", "outcome")]
    band = {
        "mark": {"type": "area", "opacity": 0.12},
        "encoding": {"y": {"field": "low", **y}, "y2": {"field": "high"}},
    }
    line = {
        "mark": {"type": "line", "point": {"size": 60}},
        "encoding": {"y": {"field": "mean", **y}, "tooltip": tooltip},
    }
    return {"height": 260, "encoding": {"x": x, "color": color}, "layer": [band, line]}


def _session(session: Session) -> None:
    for sentence in verdict.sentences(session):
        drawing.say(sentence.words, tone=sentence.tone)
    drawing.say(verdict.facts(session), small=True)
    drawing.table(verdict.figures(session))
    moved = verdict.moved(session)
    if moved:
        shown = "worst cases" + (f", {_MOST_MOVED} of {len(moved)}" if len(moved) > _MOST_MOVED else "")
        with st.expander(f"{len(moved)} {shown}" if shown == "worst cases" else shown):
            for line in moved[:_MOST_MOVED]:
                _moved(line)
    st.subheader("Cases")
    case.draw(session)


def _moved(line: WorstLine) -> None:
    drawing.say(f"{line.id}\n{wording.standing(line)}", tone="bad" if line.is_regressed else "")
    if line.check.score.reason:
        drawing.say(f"because {line.check.score.reason}", small=True)
    if line.check.output:
        drawing.quote(line.check.output)
