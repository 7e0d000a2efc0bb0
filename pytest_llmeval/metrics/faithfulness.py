"""Does the source support what the answer says?"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from pytest_llmeval.metrics.words import is_function_word, is_number, split, stem
from pytest_llmeval.records import Score

VERSION: Final = "2"

_N_LETTERS: Final = 5
_NUMBER_MISSING: Final = 0.8
_NAMES_MISSING: Final = 0.8
_READER_OR_SPEAKER: Final = 0.8
_N_NAMED: Final = 4
_MAX_STARTS: Final = 50

# Nobody can look these up: the answer is about the two who speak, unless the source speaks of itself.
_PERSONS: Final = frozenset(
    {*("i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine", "myself", "you", "you're", "your", "yours")}
    | {"we", "we're", "our", "ours", "us"}
)
_BARE: Final = frozenset({"yes", "no", "yeah", "yep", "nope"})

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_LIST_NUMERAL: Final = re.compile(r"^[ \t]*\d{1,3}[.)][ \t]", re.MULTILINE)
# A capital inside a sentence: not the first word of the text, nor after an end of sentence, a colon or a line break.
_NAME: Final = re.compile(r"(?<=[^\s.!?:;\"\u201c\u201d'\u2018(*#•-] )[^\W\d_]{2,}")


def faithfulness(output: str, context: str) -> Score:
    """Score what share of the answer the source supports, strict on numbers and names.

    The mean of three shares: of the answer's content words that the source has, by stem; of its character 5-grams that
    the source has, averaged over its sentences (another ending or a compound counts in part); and how far it is copied
    in long pieces: sqrt(sum of squared lengths of its fragments) / its length, where a fragment is the longest run of
    words from there on that the source has too (1 = one piece, so that words of the source put together otherwise
    count less). That times 0.8 where the answer has a number the source lacks, times 1 - 0.2 x the share of its names
    (capitals inside a sentence) that the source lacks, and times 0.8 where it says "I", "you" or "we" and the source
    never says that word. The numbers of a list ("1. …") do not count.

    Sources: coverage and density of extractive fragments, M. Grusky et al. 2018, "Newsroom" (NAACL), density here under
    a root and by length; character n-grams as in chrF, M. Popović 2015. The three weigh the same; n and the factors
    0.8 were chosen on the sets named below.

    Measured (AUROC, 95 % interval, by ``benchmarks/quality``): BEGIN 0.951 [0.933, 0.969], FaithDial's audit 0.928
    [0.893, 0.964], HaluEval QA 0.995 [0.988, 1.000], SummEval 0.788 [0.730, 0.846]. On HaluEval QA the answer's length
    alone gives 0.949, so that set says little of a metric; 13 of its 398 answers are a bare "yes" or "no" and unscored.
    The best threshold depends on how closely a task keeps to its source: 0.30 and 0.50 for replies in a dialogue
    (FaithDial, BEGIN), 0.81 for summaries (SummEval), 0.94 for short answers (HaluEval QA).

    What it cannot see: a faithful answer in other words (too low), a denial or a swap of roles made from the source's
    own words (too high), arithmetic on the source's numbers, names in scripts without capitals, and whether the source
    is right.

    Args:
        output: the answer; any text.
        context: the source it must rest on; any text.

    Returns:
        A value in [0, 1]; unscored where the answer or the source has no words, or the answer is a bare yes or no.
    """
    said, source = split(output), split(context)
    if not said:
        return Score.unscored("faithfulness", "the answer is empty or has no words", version=VERSION)
    if not source:
        return Score.unscored("faithfulness", "the source is empty or has no words", version=VERSION)
    said_stems, source_stems = [stem(token) for token in said], [stem(token) for token in source]
    if _is_bare(said, said_stems):
        return Score.unscored("faithfulness", "the answer is a bare yes or no: nothing to look up", version=VERSION)
    known = frozenset(source_stems)
    content = [word for word in said_stems if not is_function_word(word)] or said_stems
    words = sum(word in known for word in content) / len(content)
    value = (words + _letters(output, source) + _density(said_stems, source_stems)) / 3
    numbers = [word for word in stated_numbers(output) if word not in known]
    if numbers:
        value *= _NUMBER_MISSING
    said_names = names(output)
    missing = [name for name in said_names if not all(stem(token) in known for token in split(name))]
    if missing:
        value *= 1 - (1 - _NAMES_MISSING) * len(missing) / len(said_names)
    if (_PERSONS & set(said)) - set(source):
        value *= _READER_OR_SPEAKER
    reason = _reason(words, numbers, missing, [token for token in said if stem(token) not in known])
    return Score(metric="faithfulness", value=min(value, 1.0), reason=reason, version=VERSION)


def _is_bare(said: Sequence[str], said_stems: Sequence[str]) -> bool:
    """Whether an answer is a yes or no with nothing besides ("No, it is not.")."""
    return not _BARE.isdisjoint(said) and all(
        token in _BARE or is_function_word(word) for token, word in zip(said, said_stems, strict=True)
    )


def _letters(output: str, source: Sequence[str]) -> float:
    """Return the mean over the sentences of an answer of the share of their character 5-grams that the source has."""
    text = f" {' '.join(source)} "
    known = {text[i : i + _N_LETTERS] for i in range(len(text) - _N_LETTERS + 1)}
    shares = []
    for sentence in _SENTENCE_END.split(output):
        if words := split(sentence):
            padded = f" {' '.join(words)} "
            n_grams = len(padded) - _N_LETTERS + 1
            found = sum(padded[i : i + _N_LETTERS] in known for i in range(n_grams))
            shares.append(found / n_grams if n_grams > 0 else float(padded in text))
    return sum(shares) / len(shares)


def _density(said: Sequence[str], source: Sequence[str]) -> float:
    """Return sqrt(sum of the squared lengths of the answer's fragments) / its length, in [0, 1]."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(source):
        # Of a word that stands everywhere only the first places are tried, or a long source would take forever.
        if len(starts := places.setdefault(word, [])) < _MAX_STARTS:
            starts.append(place)
    at, squares = 0, 0
    while at < len(said):
        longest = max((_run(said, at, source, place) for place in places.get(said[at], ())), default=0)
        squares += longest**2
        at += max(longest, 1)
    return math.sqrt(squares) / len(said)


def _run(said: Sequence[str], at: int, source: Sequence[str], place: int) -> int:
    """Return how many words from two places on are the same."""
    length = 0
    while at + length < len(said) and place + length < len(source) and said[at + length] == source[place + length]:
        length += 1
    return length


def stated_numbers(output: str) -> list[str]:
    """Return the numbers of an answer once each, as digits, without those that only count a list."""
    return [
        word for word in dict.fromkeys(stem(token) for token in split(_LIST_NUMERAL.sub("", output))) if is_number(word)
    ]


def names(output: str) -> list[str]:
    """Return the words with a capital inside a sentence, once each."""
    found = dict.fromkeys(_NAME.findall(unicodedata.normalize("NFKC", output)))
    return [
        name for name in found if name[0].isupper() and not all(is_function_word(stem(token)) for token in split(name))
    ]


def _reason(share: float, numbers: list[str], names: list[str], others: list[str]) -> str:
    named = [f"number {number[:40]!r}" for number in numbers] + [f"name {name[:40]!r}" for name in names]
    folded = {name.casefold() for name in names}
    rest = dict.fromkeys(word for word in others if word not in folded and not is_number(stem(word)))
    named += [repr(word[:40]) for word in rest if not is_function_word(stem(word))]
    sentence = f"the source has {share:.0%} of the answer's content words"
    if not named:
        return sentence
    return f"{sentence}; not in it: {', '.join(named[:_N_NAMED])}{', …' if len(named) > _N_NAMED else ''}"
