"""What the report makes of single texts and answers: worked out by hand."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from pytest_llmeval.exports.html import Beside, drawings, picking
from pytest_llmeval.exports.html.two_texts import pieces
from pytest_llmeval.exports.html.visible import HIDDEN, visible
from pytest_llmeval.records import CaseId, CaseResult, Check, CheckId, Draw, Line, Score, Trial
from tests.unit.sessions import answer


def test_every_hidden_character_is_known() -> None:
    """The ranges are those of this Python's Unicode; a character that is not assigned may be among them."""
    hidden = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    wrong = [
        f"U+{ord(char):04X}"
        for char in map(chr, range(sys.maxunicode + 1))
        if bool(HIDDEN.match(char)) is not (unicodedata.category(char) in hidden and char not in "\t\n")
        if unicodedata.category(char) != "Cn"
    ]

    assert [] == wrong


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\r\nb\tc", "a\nb\tc"),
        ("safe\u202eexe", "safe⟨U+202E⟩exe"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("ig\u200bnore", "ig⟨U+200B⟩nore"),
        ("a\u200db", "a⟨U+200D⟩b"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("❤\ufe0f\u200d🔥", "❤\ufe0f\u200d🔥"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
    ],
)
def test_what_is_hidden_is_spelt_out(text: str, expected: str) -> None:
    """Joiners stay where letters and emoji need them; in Latin text they are shown."""
    assert expected == visible(text)


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        ("You can cancel within 2 hours.", "You can cancel within 3 hours.", ["2"], ["3"]),
        ("a b c", "a c", ["b"], []),
        ("a  b", "a b", [], []),
        ("x x", "x", ["x"], []),
        ("", "new text", [], ["new text"]),
        ("返品できます", "返金できます", ["品"], ["金"]),
    ],
)
def test_the_words_that_differ_are_marked(old: str, new: str, gone: list[str], come: list[str]) -> None:
    """Word by word, sign by sign where a language has no blanks; blanks are not marked, and do not differ."""
    left, right = pieces(old, new)

    assert (gone, come) == ([p.text for p in left if p.is_own], [p.text for p in right if p.is_own])


def check(
    value: float, *, metric: str = "m", threshold: float | None = 0.5, origin: str = "", output: str = ""
) -> Check:
    """Return a check."""
    return Check(score=Score(metric=metric, value=value), threshold=threshold, origin=origin, output=output)


def test_the_answer_that_fell_furthest_is_shown() -> None:
    """Below its own threshold, not by its bare score."""
    low, lower = check(0.3, threshold=0.2), check(0.6, metric="n", threshold=0.9)
    trials = [Trial(index=n, checks=(one,), calls=(answer(str(n), trial=n),)) for n, one in enumerate((low, lower))]
    shown = picking.shown([picking.answered(trial) for trial in trials])

    assert shown is not None
    assert 1 == shown.trial.index


def test_the_text_that_was_judged_is_shown() -> None:
    """The whole answer where the check knows its draw, the application's own text where it made one."""
    first, second = answer("first", origin="o1"), answer("second answer", origin="o2")
    whole = Trial(index=0, checks=(check(0.1, origin="o1", output="fir"),), calls=(first, second))
    made = Trial(index=0, checks=(check(0.1, origin="of both", output="first, second"),), calls=(first, second))
    head = Trial(index=0, checks=(check(0.1, origin="x", output="second"),), calls=(second,))

    assert ["first", "first, second", "second answer"] == [picking.answered(one).text for one in (whole, made, head)]


def test_beside_it_stands_a_typical_answer_of_the_baseline() -> None:
    """Of median score among those whose text is known; another input's draws are no baseline of this case."""
    result = CaseResult(nodeid="t", id=CaseId("t"), input_hash="h", trials=(Trial(index=0, checks=(check(0.1),)),))
    draws = tuple(Draw(score, "s", f"o{score}") for score in (0.9, 0.1, 0.8, 1.0))
    line = Line(id=CheckId("t", "", "m"), suite="", draws=draws, input_hash="h")
    other = Line(id=line.id, suite="", draws=draws, input_hash="another")
    first = picking.answered(result.trials[0])
    texts = {"o0.9": "nine", "o0.1": "one"}

    found = picking.typical(result, first, Beside(lines={line.id: line}, answers=texts), {"o0.8": "eight"})

    assert ("eight", 0.8, "m", 4) == found
    assert None is picking.typical(result, first, Beside(lines={line.id: other}, answers=texts), {})
    assert None is picking.typical(result, first, Beside(lines={line.id: line}), {})


def test_further_answers_are_counted_by_their_text() -> None:
    """The most common first; what the trials of one text came to is said."""
    every = [
        picking.answered(Trial(index=n, checks=(check(0.5),), calls=(answer(text, trial=n),)))
        for n, text in enumerate("abcbd")
    ]

    found, n_more = picking.others(every, every[0], most=2)

    assert ([("b", 2, "m 0.50"), ("c", 1, "m 0.50")], 1) == (list(found), n_more)


def test_spikes_are_as_long_as_their_share() -> None:
    """Upwards or downwards from the axis, one for scores that nobody could tell apart."""
    assert "M0 11v-3.9M90 11v-8.6" == drawings.spikes([0.9, 0.901, 0.9, 0.0], -1)
    assert "M50 11v11" == drawings.spikes([0.5], 1)
    assert "" == drawings.spikes([], 1)


def test_a_trend_has_the_scale_of_its_means_but_noise_is_no_fall() -> None:
    """Two means that differ by a thousandth lie side by side; one mean alone makes no line."""
    flat, fallen = drawings.trend([0.8, 0.801]), drawings.trend([0.9, 0.5])

    assert "M3 12.1L93 11.9" == (flat.path if flat else "")
    assert "M3 3L93 21" == (fallen.path if fallen else "")
    assert None is drawings.trend([0.9])
