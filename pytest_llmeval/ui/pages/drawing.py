"""The few elements that pages are made of; text of others reaches Streamlit through these, and through nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pytest_llmeval.exports import wording
from pytest_llmeval.ui import text
from pytest_llmeval.ui.text import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmeval.errors import LlmevalError
    from pytest_llmeval.records import Json

_ROW_PX = 35


def say(words: str, *, tone: str = "", small: bool = False) -> None:
    """Draw a sentence."""
    st.html(text.sentences([Sentence(words, tone, small)]))


def say_all(said: Iterable[Sentence]) -> None:
    """Draw sentences below each other."""
    every = list(said)
    if every:
        st.html(text.sentences(every))


def say_first(said: Sequence[Sentence], most: int) -> None:
    """Draw the first sentences, and the others where a person asks for them."""
    say_all(said[:most])
    if len(said) > most:
        with st.expander(wording.count(len(said) - most, "more sentence")):
            say_all(said[most:])


def quote(words: str, name: str = "") -> None:
    """Draw a text whole."""
    st.html(text.quote(words, name))


def side_by_side(old: str, new: str, names: tuple[str, str]) -> None:
    """Draw two texts beside each other, with the words marked in which they differ."""
    for column, markup in zip(st.columns(2), text.pair(old, new, names), strict=True):
        column.html(markup)


def table(rows: Sequence[Mapping[str, Json]], *, numbers: Iterable[str] = (), most: int = 12) -> None:
    """Draw rows as a table that can be sorted, searched and scrolled.

    Args:
        rows: cells by the heads of their columns, equal in all; text of anybody, or numbers.
        numbers: heads of the columns that hold scores.
        most: rows that are seen at once.
    """
    shown = [{name: text.line(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows]
    formats = {name: st.column_config.NumberColumn(format="%.3f") for name in numbers}
    size: int | str = "content" if len(rows) <= most else (most + 1) * _ROW_PX
    st.dataframe(shown, hide_index=True, width="stretch", height=size, column_config=formats, placeholder="")


def choose(label: str, options: Sequence[str], names: Mapping[str, str] | None = None, *, key: str) -> str | None:
    """Let a person choose one of several, the first by default; None where there is none.

    Args:
        label: ours.
        options: each once.
        names: how each is shown, by anybody.
        key: under which the choice is kept.
    """
    shown = names or {}
    if st.session_state.get(key) not in options:
        st.session_state.pop(key, None)
    chosen: str | None = st.selectbox(
        label, options, format_func=lambda option: text.line(shown.get(option, option)), key=key
    )
    return chosen


def complain(error: LlmevalError) -> None:
    """Draw an error: what, what was found, what to do."""
    lines = [line.strip() for line in str(error).splitlines()]
    say_all(Sentence(words, text.OPEN, number > 0) for number, words in enumerate(lines))
