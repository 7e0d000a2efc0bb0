"""Does the source support what the answer says?"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from pytest_llmeval.metrics.words import is_function_word, is_number, split, stem
from pytest_llmeval.records import Score

VERSION: Final = "1"

_N: Final = 5
_WORDS_WEIGHT: Final = 0.4
_LETTERS_WEIGHT: Final = 0.4
_ORDER_WEIGHT: Final = 0.2
_NUMBER_MISSING: Final = 0.7
_NAMES_MISSING: Final = 0.75
_N_NAMED: Final = 4

_LIST_NUMERAL: Final = re.compile(r"^[ \t]*\d{1,3}[.)][ \t]", re.MULTILINE)
# A capital inside a sentence: not the first word of the text, nor after an end of sentence, a colon or a line break.
_NAME: Final = re.compile(r"(?<=[^\s.!?:;\"\u201c\u201d'\u2018(*#•-] )[^\W\d_]{2,}")


def faithfulness(output: str, context: str) -> Score:
    """Score what share of the answer the source supports, strict on numbers and names.

    0.4 x the share of the answer's content words that the source has, by stem; plus 0.4 x the share of its character
    5-grams (so that another ending or a compound counts in part); plus 0.2 x the share of its word 5-grams (so that
    words of the source put together otherwise count less). That times 0.7 where the answer has a number the source
    lacks, and times 1 - 0.25 x the share of its names (capitals inside a sentence) that the source lacks. The numbers
    of a list ("1. …") do not count. Source of the shares: the n-gram precisions of K. Papineni et al. 2002, "BLEU",
    with the source in the place of the reference and every occurrence counted; weights and n were chosen on the sets
    named below.

    Measured (AUROC, 95 % interval, by ``benchmarks/quality/agreement.py``): BEGIN 0.940 [0.919, 0.960], FaithDial's
    audit 0.920 [0.882, 0.957], HaluEval QA 0.931 [0.897, 0.965], SummEval 0.764 [0.702, 0.825]. On HaluEval QA the
    answer's length alone gives 0.952, so that set says little of a metric. The best threshold depends on how closely a
    task keeps to its source: 0.34 and 0.56 for replies in a dialogue (FaithDial, BEGIN), 0.93 and 0.90 for short
    answers (HaluEval QA) and for summaries (SummEval).

    What it cannot see: a faithful answer in other words (too low), a denial or a swap of roles made from the source's
    own words (too high), arithmetic on the source's numbers, names in scripts without capitals, and whether the source
    is right.

    Args:
        output: the answer; any text.
        context: the source it must rest on; any text.

    Returns:
        A value in [0, 1]; unscored where the answer or the source has no words.
    """
    said, source = split(output), split(context)
    if not said:
        return Score.unscored("faithfulness", "the answer is empty or has no words", version=VERSION)
    if not source:
        return Score.unscored("faithfulness", "the source is empty or has no words", version=VERSION)
    said_stems, source_stems = [stem(token) for token in said], [stem(token) for token in source]
    known = frozenset(source_stems)
    content = [word for word in said_stems if not is_function_word(word)] or said_stems
    words = sum(word in known for word in content) / len(content)
    letters = _share_of_grams(f" {' '.join(said)} ", f" {' '.join(source)} ")
    order = _share_of_grams(tuple(said_stems), tuple(source_stems))
    value = _WORDS_WEIGHT * words + _LETTERS_WEIGHT * letters + _ORDER_WEIGHT * order
    numbers = [word for word in _stated_numbers(output) if word not in known]
    if numbers:
        value *= _NUMBER_MISSING
    names = _names(output)
    missing = [name for name in names if not all(stem(token) in known for token in split(name))]
    if missing:
        value *= 1 - (1 - _NAMES_MISSING) * len(missing) / len(names)
    reason = _reason(words, numbers, missing, [token for token in said if stem(token) not in known])
    return Score(metric="faithfulness", value=value, reason=reason, version=VERSION)


def _share_of_grams(said: str | tuple[str, ...], source: str | tuple[str, ...]) -> float:
    """Return the share of one sequence's 5-grams that the other has; a shorter sequence is one gram."""
    n = min(_N, len(said))
    known = {source[i : i + n] for i in range(len(source) - n + 1)}
    grams = [said[i : i + n] for i in range(len(said) - n + 1)]
    return sum(gram in known for gram in grams) / len(grams)


def _stated_numbers(output: str) -> list[str]:
    """Return the numbers of an answer once each, as digits, without those that only count a list."""
    return [
        word for word in dict.fromkeys(stem(token) for token in split(_LIST_NUMERAL.sub("", output))) if is_number(word)
    ]


def _names(output: str) -> list[str]:
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
