"""Two sessions, or two variants of one, side by side: what changed, and the words in which answers differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pytest_llmeval.ui import history, pairs, reading, verdict
from pytest_llmeval.ui.pages import drawing
from pytest_llmeval.ui.pairs import Pair, Side
from pytest_llmeval.ui.text import Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Json
    from pytest_llmeval.ui.reading import Stored

_SESSIONS, _VARIANTS = "Two sessions", "Two models or prompts of one session"
_MOST_SENTENCES = 8
_COMPARED = "compared"


def draw(found: Project) -> None:
    """Draw both sides, what is said of them, and one case."""
    stored = reading.stored(found.folder)
    st.title("Compare")
    sides = _sides(stored) if stored.heads else None
    if sides is None:
        drawing.say("It takes two sessions, or one that ran several models or prompts (--llmeval-model=A,B).")
        return
    every, said = _compared(sides)
    drawing.say_first(said, _MOST_SENTENCES)
    shown = _filtered(every)
    drawing.say(f"{len(shown)} of {len(every)} lines: each is a case by a metric", small=True)
    if not shown:
        return
    drawing.table(pairs.cells(shown), numbers=("first", "second", "change"), most=7)
    names = {str(one.id): f"{one.id}: {one.word}{_change(one)}" for one in shown}
    chosen = drawing.choose("Case and metric", list(names), names, key="pair")
    one = next((one for one in shown if str(one.id) == chosen), None)
    if one is not None:
        _both(one, pairs.of_case(every, one), sides)


def _sides(stored: Stored) -> tuple[Side, Side] | None:
    several = [head for head in stored.heads if len(head.plan.variants) > 1]
    kinds = [_SESSIONS] * (len(stored.heads) > 1) + [_VARIANTS] * bool(several)
    if not kinds:
        return None
    kind = st.radio("What to compare", kinds, horizontal=True, key="kind") if len(kinds) > 1 else kinds[0]
    if kind == _VARIANTS:
        names = {head.id: history.name(head) for head in several}
        chosen = drawing.choose("Session", list(names), names, key="of-session")
        session = reading.session(stored.paths[chosen or several[0].id])
        arms = [variant.name for variant in session.plan.variants]
        first, second = _two(arms, {})
        return Side(session, first, first), Side(session, second, second)
    names = {head.id: history.name(head) for head in stored.heads}
    # The newest is the second: what became of the one before it.
    second, first = _two(list(names), names, heads=("Second", "First"))
    old, new = (reading.session(stored.paths[id_]) for id_ in (first, second))
    return Side(old, None, names[first]), Side(new, None, names[second])


def _two(
    options: Sequence[str], names: dict[str, str], heads: tuple[str, str] = ("First", "Second")
) -> tuple[str, str]:
    columns = st.columns(2)
    with columns[heads[0] == "Second"]:
        one = drawing.choose(heads[0], options, names, key=f"side-{heads[0]}") or options[0]
    with columns[heads[0] == "First"]:
        others = [option for option in options if option != one]
        other = drawing.choose(heads[1], others, names, key=f"side-{heads[1]}") or others[0]
    return one, other


def _compared(sides: tuple[Side, Side]) -> tuple[list[Pair], list[Sentence]]:
    """Compare once, and not again for every word that a person types into a filter."""
    known = st.session_state.get(_COMPARED)
    if known is None or any(
        one.session is not other.session or one.arm != other.arm for one, other in zip(known[0], sides, strict=True)
    ):
        said = [Sentence(words, verdict.tone_of(words)) for words in pairs.sentences(*sides)]
        known = st.session_state[_COMPARED] = sides, pairs.pairs(*sides), said
    return known[1], known[2]


def _filtered(every: Sequence[Pair]) -> list[Pair]:
    columns = st.columns(4)
    with columns[0]:
        text = st.text_input("Find in names, questions and answers", key="find-pair")
    with columns[1]:
        word = drawing.choose("What became of it", pairs.words(every), key="word")
    with columns[2]:
        metric = drawing.choose("Metric", [pairs.ALL, *sorted({one.id.metric for one in every})], key="pair-metric")
    with columns[3]:
        order = drawing.choose("Order", pairs.ORDERS, key="order")
    return pairs.picked(every, word=word or pairs.ALL, metric=metric or pairs.ALL, text=text, order=order or "")


def _change(one: Pair) -> str:
    return "" if one.change is None else f", {one.change:+z.3f}"


def _both(one: Pair, of_case: Sequence[Pair], sides: tuple[Side, Side]) -> None:
    asked = one.new or one.old
    if asked is not None and asked.question:
        drawing.quote(asked.question, "asked")
    texts = [side.text if side is not None else "" for side in (one.old, one.new)]
    drawing.side_by_side(texts[0], texts[1], (sides[0].name, sides[1].name))
    if one.word == "same" or not one.is_other_answer:
        drawing.say("The two answers that are shown are the same text.", small=True)
    drawing.table([_cells(other) for other in of_case], numbers=("first", "second", "change"))
    drawing.say(
        "Of several trials, the answer that scored lowest is shown; scores are means over the trials.", small=True
    )


def _cells(one: Pair) -> dict[str, Json]:
    return {
        "metric": one.id.metric,
        "first": one.before,
        "second": one.now,
        "change": one.change,
        "reason, first": one.old.check.score.reason if one.old else "",
        "reason, second": one.new.check.score.reason if one.new else "",
    }
