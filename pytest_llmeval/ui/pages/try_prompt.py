"""Try a prompt: a stored case or a question of one's own, asked anew, its scores beside those of what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pytest_llmeval.ui import cases, history, labelling, reading, text, trying
from pytest_llmeval.ui.pages import drawing
from pytest_llmeval.ui.trying import Prompt, Start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.commands.project import Project

_NONE = "(none: type a question)"
_TRIED = "try-result"


def draw(found: Project) -> None:
    """Draw the fields, the button, and what came of it."""
    st.title("Try a prompt")
    start = _start(found)
    prompt = _prompt(found, start)
    drawing.say(
        "The model is asked as your tests ask it: by the project's settings, cache and budget. What your application "
        "does around the model does not run here.",
        small=True,
    )
    if st.button("Ask", type="primary", disabled=not (prompt.model and prompt.question), key="ask"):
        with st.spinner("Asking, and scoring"):
            st.session_state[_TRIED] = start, prompt, trying.ask(found, start, prompt)
    kept = st.session_state.get(_TRIED)
    if kept is not None and kept[0].key == start.key:
        _result(*kept)


def _start(found: Project) -> Start:
    stored = reading.stored(found.folder)
    names = {head.id: history.name(head) for head in stored.heads}
    left, right = st.columns(2)
    with left:
        session = drawing.choose("Session", list(names), names, key="try-session")
    known: Mapping[str, Start] = {}
    if session is not None:
        path = stored.paths[session]
        every = trying.starts(reading.session(path), labelling.answers(found, path))
        known = {start.key: start for start in every}
    with right:
        named = {_NONE: _NONE} | {key: start.name for key, start in known.items()}
        chosen = drawing.choose("Begin with the case", [*known, _NONE], named, key="try-case")
    return known.get(chosen or _NONE, Start())


def _prompt(found: Project, start: Start) -> Prompt:
    # Fields are another's with another case, so that each begins with its own texts.
    own = text.key(start.key)
    system = st.text_area("System prompt", value=text.field(start.system), height=180, key=f"try-system-{own}")
    question = st.text_area("Question", value=text.field(start.question), key=f"try-question-{own}")
    left, right = st.columns(2)
    default = start.model or str(found.values.get("llmeval_model", "")).partition(",")[0].strip()
    model = left.text_input("Model", value=text.field(default), key=f"try-model-{own}")
    offered = list(dict.fromkeys((*start.metrics, *trying.OFFERED)))
    with right:
        metrics = st.multiselect(
            "Metrics", offered, default=list(start.metrics), format_func=text.line, key=f"try-metrics-{own}"
        )
    # What nobody has touched is asked as it was, hidden characters and all.
    system = start.system if system == text.field(start.system) else system
    question = start.question if question == text.field(start.question) else question
    return Prompt(model.strip(), system, question, tuple(metrics))


def _result(start: Start, prompt: Prompt, tried: trying.Tried) -> None:
    st.subheader("What came of it")
    if tried.tried.error:
        drawing.say(f"ended by {tried.tried.error}", tone=text.BAD)
    if start.recorded is not None:
        drawing.side_by_side(start.recorded, tried.tried.text, ("recorded", "tried"))
    else:
        drawing.quote(tried.tried.text, "answer")
    if tried.tried.call is not None:
        drawing.say(cases.took(tried.tried.call), small=True)
    if prompt.metrics:
        numbers = ("recorded", "tried", "change")
        drawing.table(trying.rows(tried, prompt.metrics), numbers=numbers)
    with st.expander("What pytest printed"):
        st.code(text.block(tried.output), language=None, wrap_lines=True)
