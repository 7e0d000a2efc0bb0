"""Text cut into words that can be compared: the common ground of the lexical metrics.

Any text comes in; lists and sets of plain strings go out. Nothing here raises, and all of it is linear in the text's
length. Nothing is fitted to a data set: the lists below are the closed classes of English grammar. Text in another
language keeps its words; it only loses the knowledge of which of them are function words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

# Scripts written without spaces: Thai and Lao, Myanmar, Khmer, kana, Han. Their words are taken as pairs of characters.
_UNSPACED: Final = "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# Vowel signs and accents are no letters for re, and would cut the words of Hindi, Arabic or Hebrew to pieces.
_MARKS: Final = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0970-\u0dff"
_LETTER: Final = rf"(?:[^\W\d_{_UNSPACED}]|[{_MARKS}])"
_TOKEN: Final = re.compile(rf"(?P<unspaced>[{_UNSPACED}]+)|\d+(?:[.,]\d+)*|{_LETTER}+(?:['\u2019]{_LETTER}+)*")
_THOUSANDS: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")

_MIN_STEM: Final = 3
_MAX_KIN_PAIRS: Final = 250_000

_NUMERALS: Final = {
    word: str(number)
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    )
    if word != "one"  # mostly a pronoun
}

_FUNCTION_WORDS: Final = """
    a about above after again against all also am an and any are aren't as at be because been before being below
    between both but by can cannot could did do does doing don't down during each few for from further had has have
    having he her here hers herself him himself his how i i'd i'll i'm i've if in into is it its itself just like let
    me more most my myself no nor not now of off on once one only or other our ours ourselves out over own please same
    shall she should so some such than that the their theirs them themselves then there these they this those through
    to too under until up upon us very was we were what when where which while who whom whose why will with would you
    your yours yourself yourselves
"""

_NEGATIONS: Final = """
    not no never none nothing neither nor cannot without isn't aren't wasn't weren't don't doesn't didn't won't can't
    couldn't shouldn't wouldn't hasn't haven't hadn't
"""


def split(text: str) -> list[str]:
    """Cut a text into its words, in order, as a reader sees them but for case and compatibility forms.

    Numbers keep their decimals and lose their thousands commas. Runs of a script without spaces become overlapping
    pairs of characters.

    >>> split("Don't pay $1,250.50")
    ["don't", 'pay', '1250.50']
    """
    found = []
    for match in _TOKEN.finditer(unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")):
        token = match.group()
        if match["unspaced"] and len(token) > 1:
            found += [token[i : i + 2] for i in range(len(token) - 1)]
        elif "," in token and _THOUSANDS.fullmatch(token):
            found.append(token.replace(",", ""))
        else:
            found.append(token)
    return found


def is_number(word: str) -> bool:
    """Whether a word is written in digits."""
    return word[:1].isdigit()


@lru_cache(maxsize=8192)
def stem(token: str) -> str:
    """Take the endings of English grammar off a word of :func:`split`; a numeral becomes its digits.

    A shortened S-stemmer with -ing, -ed and -ly; a word keeps at least three letters. Source: D. Harman 1991, "How
    effective is suffixing?", JASIS 42(1), which found light stemming as good as Porter's for matching.

    >>> [stem(word) for word in ["policies", "cancelled", "running", "twelve"]]
    ['policy', 'cancell', 'run', '12']
    """
    if is_number(token):
        return token
    word = _NUMERALS.get(token, token).removesuffix("'s").replace("'", "")
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("edly", ""), ("ed", ""), ("ly", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM and not (ending == "s" and word[-2] in "su"):
            word = word.removesuffix(ending) + instead
            if ending in ("ing", "ed") and len(word) > _MIN_STEM and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word.rstrip("e") or word if len(word) > _MIN_STEM else word


def stems(text: str) -> list[str]:
    """Return the stems of a text's words, in order."""
    return [stem(token) for token in split(text)]


_FUNCTION_STEMS: Final = frozenset(stem(word) for word in _FUNCTION_WORDS.split())
_NEGATION_STEMS: Final = frozenset(stem(word) for word in _NEGATIONS.split())


def is_function_word(word: str) -> bool:
    """Whether a stem carries grammar and no content of its own (English only)."""
    return word in _FUNCTION_STEMS


def n_negations(words: Iterable[str]) -> int:
    """Count the stems that deny something (English only)."""
    return sum(word in _NEGATION_STEMS for word in words)


@lru_cache(maxsize=8192)
def trigrams(word: str) -> frozenset[str]:
    """Return a word's letter trigrams, its borders counting as spaces."""
    padded = f" {word} "
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


class Kin:
    """The words of one text, to be asked which of them are spelt like a given word.

    Likeness of two words is the Dice coefficient of their letter trigrams, 2·|A∩B| / (|A|+|B|), in [0, 1]; it stands
    in for what a stemmer misses and for misspelling. A number is like itself only. Source: G. Adamson and J. Boreham
    1974, Information Storage and Retrieval 10 (character n-grams by Dice).

    Beyond 250,000 pairs (500 words asked of 500) likeness would take seconds: then every word is like itself only.

    Args:
        words: the stems to choose from.
        n_asked: how many words :meth:`of` will be asked about.
    """

    def __init__(self, words: Iterable[str], n_asked: int) -> None:
        self._words = frozenset(words)
        self._by_trigram: Mapping[str, list[str]] = defaultdict(list)
        if len(self._words) * n_asked <= _MAX_KIN_PAIRS:
            for word in self._words:
                if not is_number(word):
                    for trigram in trigrams(word):
                        self._by_trigram[trigram].append(word)

    def of(self, word: str, at_least: float) -> dict[str, float]:
        """Return the words whose likeness to a stem is not below a floor in (0, 1], with it."""
        if is_number(word) or not self._by_trigram:
            return {word: 1.0} if word in self._words else {}
        mine = trigrams(word)
        shared = Counter(other for trigram in mine for other in self._by_trigram.get(trigram, ()))
        likeness = {other: 2 * n / (len(mine) + len(trigrams(other))) for other, n in shared.items()}
        return {other: value for other, value in likeness.items() if value >= at_least}
