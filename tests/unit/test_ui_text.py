"""Text of others in the pages: whatever it says, it is no markup, and nothing of it is hidden."""

from html.parser import HTMLParser

import pytest

from pytest_llmeval.ui import text
from pytest_llmeval.ui.text import Sentence

PLANTED = (
    "<script>alert(1)</script><img src=x onerror=alert(1)> ![x](http://127.0.0.1:9/x.png) [a](javascript:alert(1)) "
    "</div></p>\"'&amp; $x$ :red[no] \u202ereversed\x1b[2J"
)


class _Parsed(HTMLParser):
    """What a browser would make of markup: its tags with their attributes, and its text."""

    def __init__(self, markup):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, [name for name, _ in attrs]))

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    "markup",
    [
        text.sentences([Sentence(PLANTED, text.BAD), Sentence(PLANTED, is_small=True)]),
        text.quote(PLANTED, PLANTED),
        *text.pair(PLANTED, f"new {PLANTED}", (PLANTED, PLANTED)),
    ],
    ids=["sentences", "quote", "old", "new"],
)
def test_markup_in_a_text_stays_text(markup):
    """Only our own tags with our own classes are there, and the text is read back as it was."""
    found = _Parsed(markup)
    assert {"div", "p", "ins", "del"} >= {tag for tag, _ in found.tags}
    assert {"class"} >= {name for _, attributes in found.tags for name in attributes}
    assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in found.text
    assert "&amp; $x$ :red[no] ⟨U+202E⟩reversed⟨U+001B⟩[2J" in found.text


def test_two_texts_are_marked_where_they_differ():
    """Words that the other has not got: removed ones on the left, added ones on the right."""
    left, right = text.pair("Within 30 days, yes.", "Within 14 days, yes.", ("first", "second"))
    assert "Within <del>30</del> days, yes." in left
    assert "Within <ins>14</ins> days, yes." in right


def test_a_huge_text_is_cut_and_says_so():
    """A page stays a page; how much is left out is told."""
    markup = text.quote("x" * 25_000)
    assert "x" * 20_000 in markup
    assert "x" * 20_001 not in markup
    assert "5,000 more characters are in the session file" in markup


def test_a_cell_is_one_line_of_visible_characters():
    """A table, an option and a field get text without line ends, controls or lone surrogates."""
    assert "a b⟨U+202E⟩c⟨U+D800⟩" == text.line("a\n\tb\u202ec\ud800")
    assert 200 == len(text.line("word " * 1_000))
    assert "?" == text.field("\ud800")
