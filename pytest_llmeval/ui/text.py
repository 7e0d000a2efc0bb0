"""Text of others → text that does nothing in a browser, whichever element shows it.

Streamlit reads the text of most of its elements as Markdown, pictures and links included. So whatever a model, a
person, a data set or a file name brings along is either a cell, an option or a field (``line``), which Streamlit does
not read, or markup of our own around the escaped text (``sentences``, ``quote``, ``pair``).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports.html.two_texts import pieces
from pytest_llmeval.exports.html.visible import one_line, visible
from pytest_llmeval.records import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmeval.exports.html.two_texts import Piece

_LONGEST = 20_000
_LONGEST_LINE = 200

GOOD, BAD, OPEN = "good", "bad", "open"
"""Tones; a word always says the same."""

STYLE = """\
<style>
[data-testid="stMainBlockContainer"] { padding-top: 4rem; }
[data-testid="stMainBlockContainer"] h1 { font-size: 1.7rem; padding: 0 0 .5rem; }
[data-testid="stMainBlockContainer"] h3 { font-size: 1.2rem; }
.llmeval { overflow-wrap: anywhere; }
.llmeval p { margin: 0 0 .4rem; white-space: pre-wrap; }
.llmeval .quote { white-space: pre-wrap; margin: 0 0 .6rem; padding: .5rem .8rem; border-left: 3px solid #8886;
  background: #8881; border-radius: 0 .3rem .3rem 0; max-height: 30rem; overflow-y: auto; }
.llmeval .name { font-size: .85rem; opacity: .75; margin: 0 0 .15rem; }
.llmeval .good { border-left: 4px solid #1a7f37; padding-left: .6rem; }
.llmeval .bad { border-left: 4px solid #cf222e; padding-left: .6rem; font-weight: 600; }
.llmeval .open { border-left: 4px solid #bf8700; padding-left: .6rem; }
.llmeval del { background: #cf222e33; text-decoration-thickness: 1px; }
.llmeval ins { background: #1a7f3733; text-decoration: none; font-weight: 600; }
.llmeval .small { font-size: .85rem; opacity: .8; }
</style>"""
"""Of the classes that the markup below has; colours that can be seen on light and on dark."""


def line(text: str, *, limit: int = _LONGEST_LINE) -> str:
    """Return the head of a text on one line, with every hidden character spelt out."""
    return one_line(visible(text[: 8 * limit]), limit=limit)


class Sentence(NamedTuple):
    """One sentence of anybody; its tone is one of ours, or none, and a note is small."""

    words: str
    tone: str = ""
    is_small: bool = False


def sentences(said: Iterable[Sentence]) -> str:
    """Return sentences as markup, each on lines of its own."""
    return f'<div class="llmeval">{"".join(map(_sentence, said))}</div>'


def _sentence(said: Sentence) -> str:
    classes = " ".join(name for name in (said.tone, "small" if said.is_small else "") if name)
    return f'<p class="{classes}">{_shown(said.words)}</p>'


def quote(text: str, name: str = "") -> str:
    """Return a text whole, with its line ends and blanks, as markup; of a very long one the head.

    Args:
        text: of anybody.
        name: what it is; of anybody, too.
    """
    return _box(_shown(text[:_LONGEST]) or "&nbsp;", name, len(text) - _LONGEST)


def pair(old: str, new: str, names: tuple[str, str]) -> tuple[str, str]:
    """Return two texts as markup, with the words marked that the other has not got there.

    Args:
        old: of anybody.
        new: of anybody.
        names: what each is.
    """
    left, right = pieces(old[:_LONGEST], new[:_LONGEST])
    return (
        _box(_marked(left, "del"), names[0], len(old) - _LONGEST),
        _box(_marked(right, "ins"), names[1], len(new) - _LONGEST),
    )


def field(words: str) -> str:
    """Return a text for a field in which a person may change it; a lone surrogate, which no browser takes, is ``?``."""
    return words.encode("utf-8", "replace").decode("utf-8")


def block(words: str) -> str:
    """Return what a program printed, with every hidden character spelt out, for an element that reads no markup."""
    return visible(words)


def key(name: str) -> str:
    """Return what stands for a name of anybody's in the key of an element."""
    return digest(name)[:16]


def _box(markup: str, name: str, n_left: int) -> str:
    head = f'<div class="name">{_shown(line(name))}</div>' if name else ""
    rest = f'<p class="small">{n_left:,} more characters are in the session file</p>' if n_left > 0 else ""
    return f'<div class="llmeval">{head}<div class="quote">{markup}</div>{rest}</div>'


def _marked(parts: Sequence[Piece], tag: str) -> str:
    return "".join(f"<{tag}>{_shown(text)}</{tag}>" if is_own else _shown(text) for is_own, text in parts) or "&nbsp;"


def _shown(text: str) -> str:
    return escape(visible(text))
