"""The site: its pages, and what holds for all of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import streamlit as st

from pytest_llmeval.commands import project
from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.ui import text
from pytest_llmeval.ui.pages import agreement, compare, drawing, label, sessions, try_prompt

if TYPE_CHECKING:
    from collections.abc import Callable

_Page: TypeAlias = "Callable[[project.Project], None]"


def draw(rootdir: str, labels: str) -> None:
    """Draw the page that was asked for.

    Args:
        rootdir: of the project.
        labels: the file of labels.
    """
    st.set_page_config(page_title="llmeval", layout="wide")
    st.html(text.STYLE)
    found = project.find(rootdir)
    every = [
        st.Page(partial(show, found, page), title=title, url_path=path, default=path == "sessions")
        for path, (title, page) in pages(Path(labels)).items()
    ]
    st.navigation(every, position="top").run()


def pages(labels: Path) -> dict[str, tuple[str, _Page]]:
    """Return the title of each page and what draws it, by its address."""
    return {
        "sessions": ("Sessions", sessions.draw),
        "compare": ("Compare", compare.draw),
        "try": ("Try a prompt", try_prompt.draw),
        "label": ("Label", partial(label.draw, labels=labels)),
        "agreement": ("Agreement", partial(agreement.draw, labels=labels)),
    }


def show(found: project.Project, page: _Page) -> None:
    """Draw a page, or why it cannot be drawn; an error of ours is no traceback."""
    try:
        page(found)
    except LlmevalError as error:
        drawing.complain(error)
