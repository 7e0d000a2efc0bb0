"""Label: one answer at a time, its score hidden until the person has said what they think of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pytest_llmeval.commands.label import arguments as args
from pytest_llmeval.datasets import labels as label_file
from pytest_llmeval.errors import UsageError
from pytest_llmeval.ui import history, labelling, reading
from pytest_llmeval.ui.pages import drawing
from pytest_llmeval.ui.text import BAD, GOOD, OPEN, Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_llmeval.agreement.queue import Pick
    from pytest_llmeval.commands.label.candidates import Collected
    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records.label import Label

# Kept between two clicks: what is shown, what was said of it, and what was put off.
_SHOWN, _SAID, _SKIPPED, _WHO = "label-shown", "label-said", "label-skipped", "label-who"


def draw(found: Project, labels: Path) -> None:
    """Draw the answer whose turn it is, or what its score is once it is labelled.

    Args:
        found: the project.
        labels: the file of labels.
    """
    stored = reading.stored(found.folder)
    st.title("Label")
    if not stored.heads:
        drawing.say("No session is stored yet. Run pytest: every run leaves one, with its answers.")
        return
    names = {head.id: history.name(head) for head in stored.heads}
    columns = st.columns([2, 1, 2, 1])
    with columns[0]:
        session = drawing.choose("Answers of session", list(names), names, key="label-session")
    collected = labelling.answers(found, stored.paths[session or stored.heads[0].id])
    with columns[1]:
        metric = drawing.choose("Metric", labelling.metrics(collected), key="label-metric")
    with columns[2]:
        by = drawing.choose("Whose turn it is", list(labelling.ORDERS), labelling.ORDERS, key="label-by")
    with columns[3]:
        who = _who(found)
    if metric is None or by is None:
        drawing.say("This session has no answer that a person could be asked about.")
    elif not who:
        drawing.say("Who are you? Labels have a name, so that people can be set against each other.")
    else:
        drawing.say(labelling.WHY[by], small=True)
        _turn(labels, collected, metric, by, who)
    for words in collected.left_out():
        drawing.say(words, small=True)


def _who(found: Project) -> str:
    """Ask for the person's name, once: what a field holds is forgotten with its page."""
    if _WHO not in st.session_state:
        try:
            st.session_state[_WHO] = args.person(found)
        except UsageError:
            st.session_state[_WHO] = ""
    st.session_state.setdefault("who", st.session_state[_WHO])
    said: str = st.text_input("Who labels", max_chars=100, key="who")
    st.session_state[_WHO] = said.strip()
    return said.strip()


def _turn(path: Path, collected: Collected, metric: str, by: str, who: str) -> None:
    known = args.known(path)
    about = (metric, by, who)
    said = st.session_state.get(_SAID)
    if said is not None and said[0] == about:
        _after(path, known, *said)
        return
    skipped = st.session_state.setdefault(_SKIPPED, set())
    picks = labelling.turn(collected, known, metric=metric, by=by, who=who, skipped=skipped)
    if not picks:
        drawing.say(f"Nothing is left to label here{' but what you put off' if skipped else ''}.")
        if skipped:
            st.button("Show again what I put off", on_click=skipped.clear)
        drawing.say(labelling.progress(known, metric, who), small=True)
        return
    # Somebody else's label may change the order: what a person is reading stays.
    shown = st.session_state.get(_SHOWN)
    pick = next((pick for pick in picks if pick.candidate.draft.subject == shown), picks[0])
    st.session_state[_SHOWN] = pick.candidate.draft.subject
    _ask(path, pick, about)
    drawing.say(f"{len(picks)} left; {labelling.progress(known, metric, who)}", small=True)


def _ask(path: Path, pick: Pick, about: tuple[str, str, str]) -> None:
    one = pick.candidate
    criterion = labelling.criterion(one)
    by = one.check.metric + (f": {criterion}" if criterion else "")
    drawing.say_all([Sentence(f"Judge it by {by}", OPEN), Sentence(str(one.check.case_id), is_small=True)])
    told, asked = labelling.material(one)
    if told:
        with st.expander("What else the model was told"):
            _quote_all(told)
    _quote_all(asked)
    if one.draft.other is None:
        drawing.quote(one.draft.output, "ANSWER")
    else:
        drawing.side_by_side(one.draft.output, one.draft.other, ("FIRST ANSWER", "SECOND ANSWER"))
    why = st.text_input("Why? (may be empty)", key=f"why-{one.draft.subject}")
    choices = labelling.choices(one)
    columns = st.columns(len(choices) + 1)
    for column, choice in zip(columns, choices, strict=False):
        value = choice.value
        if column.button(choice.word, shortcut=choice.shortcut, key=f"say-{choice.shortcut}", width="stretch"):
            _write(path, pick, value, why, about)
    if columns[-1].button("Not now", shortcut="s", key="skip", width="stretch"):
        st.session_state[_SKIPPED].add(one.draft.subject)
        st.rerun()
    drawing.say("The score is shown after you have said it, so that it does not speak for you.", small=True)


def _quote_all(texts: Iterable[tuple[str, str]]) -> None:
    for name, words in texts:
        drawing.quote(words, name)


def _write(path: Path, pick: Pick, value: float, why: str, about: tuple[str, str, str]) -> None:
    label = pick.label(value, who=about[2], when=args.now(), why=why.strip())
    label_file.append(path, label)
    st.session_state[_SAID] = (about, pick, label)
    st.rerun()


def _after(path: Path, known: list[Label], about: tuple[str, str, str], pick: Pick, label: Label) -> None:
    words = {choice.value: choice.word for choice in labelling.choices(pick.candidate)}
    agrees = labelling.agrees(pick.candidate, label)
    drawing.say(f"You said: {words[label.value]}" + (f", because {label.why}" if label.why else ""))
    tone = "" if agrees is None else GOOD if agrees else BAD
    drawing.say_all(
        Sentence(words, "" if number else tone) for number, words in enumerate(labelling.revealed(pick, label))
    )
    drawing.quote(pick.candidate.draft.output, "ANSWER")
    columns = st.columns(3)
    if columns[0].button("Next answer", shortcut="n", key="next", type="primary", width="stretch"):
        st.session_state.pop(_SAID)
        st.rerun()
    # The score is known by now, so this is for a slip of the finger: of one person's labels the last one counts.
    others = [choice for choice in labelling.choices(pick.candidate) if choice.value != label.value]
    for column, choice in zip(columns[1:], others, strict=False):
        if column.button(f"A slip: I meant {choice.word.lower()}", key=f"slip-{choice.shortcut}", width="stretch"):
            _write(path, pick, choice.value, label.why, about)
    drawing.say(labelling.progress(known, *(about[0], about[2])), small=True)
