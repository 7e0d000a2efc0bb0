"""Text of others → Markdown in which it does nothing: no link, mention, reference, heading, HTML or end of a fence.

GitHub and GitLab look for mentions, issue numbers and bare addresses in the text that is left after Markdown has been
read, so no escape of a character helps: ``&#64;ada`` is a mention as well. What they leave alone is code. So every word
that could mean something stands in a code span, whose delimiter is longer than any run of backticks within.

Source: GitHub Flavored Markdown, sections 6.3 (code spans), 4.5 (fences), 4.10 (tables); html-pipeline's MentionFilter,
which passes over ``pre``, ``code`` and ``tt``.
"""

from __future__ import annotations

import html
import re

from pytest_llmeval.exports.inert import block, plain

# Words and numbers of which neither Markdown nor GitHub makes anything; "GH-12", "a_b", "3f9a1c2" are none of these.
_INERT = re.compile(r"(?:[^\W\d_]+(?:['-][^\W\d_]+)*|[+-]?\d+(?:[.,-]\d+)*%?|→|%)?")
_AROUND = re.compile(r"""([("']*)(.*?)([.,;:!?)"']*)""", re.DOTALL)
# Between blanks or marks only, so that no two delimiters ever touch.
_OWN_SPAN = re.compile(r"""(?<![^\s("'])`([^`]+)`(?![^\s.,;:!?)"'])""")
_NUMBERED = re.compile(r"\d+[.)]")
_RUNS = re.compile(r"`+")


def prose(text: str, *, limit: int = 1_000) -> str:
    """Return a sentence of ours that holds names of others as one line of Markdown.

    Args:
        text: anything; what stands between two backticks becomes one code span.
        limit: most characters of the text that are kept, at least 3; the end is cut and three dots say so.
    """
    words: list[str] = []
    for number, part in enumerate(_OWN_SPAN.split(plain(text, limit=limit).replace(" -> ", " → "))):
        words.append(_code(part) if number % 2 else " ".join(map(_word, part.split(" "))))
    first, blank, rest = "".join(words).partition(" ")
    # At the beginning of a line "1." would begin a list.
    return (_code(first) if _NUMBERED.fullmatch(first) else first) + blank + rest


def code(text: str, *, limit: int = 200) -> str:
    """Return a text as one code span; empty where nothing of it is visible."""
    return _code(plain(text, limit=limit))


def fenced(text: str, *, limit: int) -> list[str]:
    """Return a text as the lines of a fenced block, its own line ends kept; cut after so many characters, with a word.

    Args:
        text: anything.
        limit: most characters that are kept.
    """
    lines = block(text[:limit])
    fence = "`" * max(3, 1 + _longest_run(text))
    cut = [f"(and {len(text) - limit:,} more characters)"] if len(text) > limit else []
    return [f"{fence}text", *lines, fence, *cut]


def cells(*shown: str) -> str:
    """Return a row of a table, of cells that are Markdown already; a bar within one becomes a broken bar."""
    return "| " + " | ".join(text.replace("|", "¦") for text in shown) + " |"


def summary(text: str, *, limit: int = 200) -> str:
    """Return a text as the visible head of a ``<details>``, which is HTML and reads no Markdown."""
    return f"<summary><code>{html.escape(plain(text, limit=limit))}</code></summary>"


def _word(token: str) -> str:
    before, core, after = _AROUND.fullmatch(token).groups()  # type: ignore[union-attr] # it matches every text
    return before + (core if _INERT.fullmatch(core) else _code(core)) + after


def _code(text: str) -> str:
    if not text:
        return ""
    delimiter = "`" * (1 + _longest_run(text))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{delimiter}{blank}{text}{blank}{delimiter}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _RUNS.findall(text)), default=0)
