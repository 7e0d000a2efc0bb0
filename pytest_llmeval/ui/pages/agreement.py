"""How far people agree with each metric, as ``llmeval judge check`` says it, and which threshold fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pytest_llmeval.commands.label import arguments as args
from pytest_llmeval.commands.label import ls
from pytest_llmeval.records.label import standing
from pytest_llmeval.store import calibration
from pytest_llmeval.ui import history, reading, running, text
from pytest_llmeval.ui.pages import drawing
from pytest_llmeval.ui.text import Sentence

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Json

_RAN = "agreement-ran"
_NOBODY = "(no session)"


def draw(found: Project, labels: Path) -> None:
    """Draw the labels that there are, what is known of their metrics, and the button that measures.

    Args:
        found: the project.
        labels: the file of labels.
    """
    st.title("Agreement")
    known = args.known(labels)
    if not known:
        drawing.say("There are no labels yet. The page Label makes them.")
        return
    drawing.table([dict(zip(ls.COLUMNS, row, strict=True)) for row in ls.rows(standing(known))])
    metrics = sorted({label.metric for label in known if label.metric})
    left, right = st.columns(2)
    with left:
        metric = drawing.choose("Metric", metrics, key="agreement-metric")
    with right:
        stored = reading.stored(found.folder)
        names = {_NOBODY: _NOBODY} | {head.id: history.name(head) for head in stored.heads}
        session = drawing.choose("What people would say of all answers of", list(names), names, key="agreement-session")
    if metric is None:
        drawing.say("No label names its metric.")
        return
    _known(found, metric)
    drawing.say(
        "Every labelled answer is scored by the metric as your suite scores it: by its judge, cache and budget. "
        "What is found is stored in the folder of calibrations, which belongs in git.",
        small=True,
    )
    if st.button("Measure", type="primary", shortcut="m", key="measure"):
        _measure(found, labels, metric, "" if session in (None, _NOBODY) else session)
    _said(metric)


def _known(found: Project, metric: str) -> None:
    """Draw what was measured before."""
    known = calibration.read(found.root / found.value("calibration"), metric)
    rows: list[dict[str, Json]] = [
        {
            "version": one.version,
            "labelled answers": one.n_items,
            "good": one.n_good,
            "bad": one.n_bad,
            "threshold": one.threshold,
            "threshold that fits": one.fitted,
            "AUROC": None if one.auroc is None else one.auroc[0],
        }
        for one in known.values()
    ]
    if rows:
        drawing.say("measured before:", small=True)
        drawing.table(rows, numbers=("threshold that fits", "AUROC"))


def _measure(found: Project, path: Path, metric: str, session: str) -> None:
    arguments = ["judge", "check", str(path), f"--metric={metric}", f"--rootdir={found.root}"]
    if session:
        arguments.append(f"--session={session}")
    with st.spinner("Measuring: the labelled answers are scored"):
        ran = running.run(found.root, arguments)
    st.session_state[_RAN] = metric, ran
    st.rerun()


def _said(metric: str) -> None:
    about, ran = st.session_state.get(_RAN, ("", None))
    if ran is None or about != metric:
        return
    before, report = running.parts(ran, metric)
    drawing.say_all(Sentence(words, text.OPEN) for words in running.proposals(report))
    st.code(text.block(report), language=None, wrap_lines=True)
    if before:
        with st.expander("What pytest printed"):
            st.code(text.block(before), language=None, wrap_lines=True)
