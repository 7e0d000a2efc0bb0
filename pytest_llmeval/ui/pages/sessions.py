"""Sessions and trends: which there are, how the means went, and what one of them found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pytest_llmeval.exports import wording
from pytest_llmeval.ui import history, reading, verdict
from pytest_llmeval.ui.pages import case, drawing
from pytest_llmeval.ui.text import BAD, Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.exports.worst import WorstLine
    from pytest_llmeval.records import Json, Session

_ALL = "all branches"
_MOST_MOVED, _MOST_SENTENCES = 20, 14
_DAY = (
    "substring(datum.label,0,4)+'-'+substring(datum.label,4,6)+'-'+substring(datum.label,6,8)"
    "+' '+substring(datum.label,9,11)+':'+substring(datum.label,11,13)"
)


def draw(found: Project) -> None:
    """Draw one session, its verdict first; then its cases, what moved, how the means went, and all that is stored."""
    stored = reading.stored(found.folder)
    st.title("Sessions")
    if not stored.heads:
        drawing.say_all(Sentence(fault, is_small=True) for fault in stored.faults)
        drawing.say("No session is stored yet. Run pytest: every run leaves one.")
        return
    names = {head.id: history.name(head) for head in stored.heads}
    chosen = drawing.choose("Session", list(names), names, key="session")
    session = reading.session(stored.paths[chosen or stored.heads[0].id])
    drawing.say_first(list(verdict.sentences(session)), _MOST_SENTENCES)
    drawing.table(verdict.figures(session), most=20)
    drawing.say(verdict.facts(session), small=True)
    cases, worst, trend, every = st.tabs(["Cases", "Worst cases", "Over time", "All sessions"])
    with cases:
        case.draw(session)
    with worst:
        _worst(verdict.moved(session))
    with trend:
        _trend(stored.heads)
    with every:
        drawing.table(history.rows(stored.heads))
        drawing.say_all(Sentence(fault, is_small=True) for fault in stored.faults)


def _trend(heads: Sequence[Session]) -> None:
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


def _worst(moved: Sequence[WorstLine]) -> None:
    if not moved:
        drawing.say("Nothing regressed, and nothing is below its threshold.")
    for line in moved[:_MOST_MOVED]:
        _moved(line)
    if len(moved) > _MOST_MOVED:
        drawing.say(f"{len(moved) - _MOST_MOVED} more are among the cases", small=True)


def _moved(line: WorstLine) -> None:
    said = [Sentence(f"{line.id}\n{wording.standing(line)}", BAD if line.is_regressed else "")]
    if line.check.score.reason:
        said.append(Sentence(f"because {line.check.score.reason}", is_small=True))
    drawing.say_all(said)
    if line.check.output:
        drawing.quote(line.check.output)
