"""The site: its pages, and what holds for all of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from pytest_llmeval.commands import project
from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.ui import text
from pytest_llmeval.ui.pages import agreement, compare, drawing, label, sessions, try_prompt

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGES: tuple[tuple[str, str, Callable[[project.Project], None]], ...] = (
    ("Sessions", "sessions", sessions.draw),
    ("Compare", "compare", compare.draw),
    ("Try a prompt", "try", try_prompt.draw),
    ("Label", "label", label.draw),
    ("Agreement", "agreement", agreement.draw),
)


def draw(rootdir: str) -> None:
    """Draw the page that was asked for.

    Args:
        rootdir: of the project.
    """
    st.set_page_config(page_title="llmeval", layout="wide")
    st.html(text.STYLE)
    found = project.find(rootdir)
    pages = [
        st.Page(partial(show, found, page), title=title, url_path=path, default=not number)
        for number, (title, path, page) in enumerate(_PAGES)
    ]
    st.navigation(pages, position="top").run()


def show(found: project.Project, page: Callable[[project.Project], None]) -> None:
    """Draw a page, or why it cannot be drawn; an error of ours is no traceback."""
    try:
        page(found)
    except LlmevalError as error:
        drawing.complain(error)
