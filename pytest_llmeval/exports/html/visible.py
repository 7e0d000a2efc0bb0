"""Text of others → text in which every character can be seen: what is hidden stands there as its number.

A terminal drops such characters (``inert``); here they are shown, since a report is where people look for them: an
instruction in invisible letters, a line that is turned around. Markup is not this module's affair: the template escapes
everything.
"""

from __future__ import annotations

import re

# Categories Cc (but tab and line feed), Cf, Cs, Co, Zl and Zp, as ranges, since asking unicodedata for each character
# of a report takes longer than all else. A test compares them with unicodedata.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\ud800-\uf8ff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001345f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000f0000-\U0010ffff]"
)
# The joiners are letters' business: between two characters beyond Latin they make emoji and Persian what they are.
_JOINER = re.compile(
    "(?<=[\u0600-\u1fff\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])[\u200c\u200d](?=[\u0600-\u1fff\u2600-\u27bf\U0001f000-\U0001faff])"
)


def visible(text: str) -> str:
    """Return the text with every hidden character spelt as ``⟨U+202E⟩``; tabs, line feeds and joiners in words stay."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    joiners = {found.start() for found in _JOINER.finditer(text)}
    return HIDDEN.sub(lambda found: found[0] if found.start() in joiners else f"⟨U+{ord(found[0]):04X}⟩", text)


def one_line(text: str, *, limit: int) -> str:
    """Return the head of a text on one line.

    Args:
        text: anything, of any length.
        limit: most characters that are returned, at least 2; an ellipsis says that there are more.
    """
    head = " ".join(text[: 4 * limit].split())
    return head if len(head) <= limit and len(text) <= 4 * limit else f"{head[: limit - 1].rstrip()}…"
