"""Text of others → text that does nothing: what a model wrote reaches a terminal and a CI log as plain characters.

Escape sequences move cursors, hide text and forge links; bidirectional marks reorder a line; a line that begins with
``::error`` or holds ``##vso[`` is a command to GitHub Actions or Azure Pipelines. All are data here.
"""

from __future__ import annotations

import re
import unicodedata

# Whole sequences, so that no "[31m" stays behind: CSI, then strings (OSC, DCS, SOS, PM, APC), then the short ones.
# Source: ECMA-48, sections 5.3 to 5.6; the 8-bit forms are C1 controls, and xterm ends OSC with BEL as well.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# GitHub drops leading blanks before it looks for "::"; a colour may stand before the text as well.
_LINE_COMMAND = re.compile(r"^((?:[^\S\n]|\x1b\[[0-9;]*m)*):(?=:)", re.MULTILINE)
# Azure Pipelines, GitHub's old form and TeamCity are obeyed anywhere in a line: ##vso[, ##[, ##teamcity[.
_INNER_COMMAND = re.compile(r"##(?=\w*\[)")
_INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})


def plain(text: str, *, limit: int, ascii_only: bool = False) -> str:
    """Return the text as one line of visible characters.

    Args:
        text: anything, of any length; control sequences and invisible characters are dropped, blanks become one blank,
            a lone surrogate becomes a question mark.
        limit: most characters that are kept, at least 3; the end is cut and three dots say so.
        ascii_only: spell every other character as a Python escape.
    """
    # Ten characters for one is more than any text spends on escapes, and a bound on the work for a huge answer.
    text = text[: 10 * limit]
    # Most texts are plain already, and looking at each character takes most of a large report's time.
    if not (text.isascii() and text.isprintable()):
        text = _SEQUENCE.sub("", text)
        text = text.encode("utf-8", "replace").decode("utf-8")
        text = "".join(char for char in text if char.isspace() or unicodedata.category(char) not in _INVISIBLE)
    text = " ".join(text.split())
    if ascii_only:
        text = text.encode("ascii", "backslashreplace").decode("ascii")
    return text if len(text) <= limit else f"{text[: limit - 3].rstrip()}..."


def block(text: str) -> list[str]:
    """Return the text as its lines, with their blanks, of visible characters: for whoever prints it whole.

    Args:
        text: anything; a tab becomes four blanks, what ``plain`` drops is dropped. Each line must be indented where it
            is printed, and the page be disarmed: a line may still begin with a CI command.
    """
    text = _SEQUENCE.sub("", text).encode("utf-8", "replace").decode("utf-8")
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return ["".join(char for char in line if unicodedata.category(char) not in _INVISIBLE) for line in lines]


def disarm(page: str) -> str:
    """Break every CI command in a finished page, wherever wrapping has put it; nothing else changes."""
    return _INNER_COMMAND.sub("# #", _LINE_COMMAND.sub(r"\1: ", page))
