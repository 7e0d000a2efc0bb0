"""Do several answers to one question agree?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

from pytest_llmeval.metrics.words import Kin, is_function_word, is_number, n_negations, stems
from pytest_llmeval.records import Score

VERSION: Final = "1"

_LIKENESS: Final = 0.3
_FUNCTION_WEIGHT: Final = 0.4
_NUMBERS_DIFFER: Final = 0.7
_NEGATION_DIFFERS: Final = 0.85


def consistency(outputs: Sequence[str]) -> Score:
    """Score how far answers to one question agree: the mean similarity of all pairs.

    Similarity of a pair is the harmonic mean of two shares: each answer's words that the other says too. A word spelt
    like one of the other's counts by its likeness (Dice of letter trigrams, from 0.3 on); function words weigh 0.4.
    That times 0.7 where each answer has a number the other lacks, and times 0.85 where one has an odd number of
    negations and the other an even one. The form is the word alignment of M. Sultan et al. 2014 (TACL 2) with spelling
    in the place of embeddings.

    Measured on pairs (AUROC, 95 % interval, by ``benchmarks/quality``): 0.890 [0.863, 0.917] on
    the STS benchmark and 0.783 [0.720, 0.846] on STS 2016 questions and answers (similar 4 or more of 5, against 3 or
    less), where difflib's ratio gives 0.808 and 0.700. Best threshold 0.57 on both. Numbers and negation are charged on
    principle: on these sets they move the figures by less than their intervals. The constants were chosen on
    these two sets.

    What it cannot see: the same thing in other words (too low), a single swapped word that turns the meaning (too
    high), the order of words, and whether what the answers agree on is right.

    Args:
        outputs: answers to one question; those without words are left out and counted in the reason.

    Returns:
        A value in [0, 1], 1 for answers of the same words; unscored with fewer than two answers that have words.
    """
    bags = [Counter(stems(output)) for output in outputs]
    worded = [(place, bag) for place, bag in enumerate(bags, start=1) if bag]
    if len(outputs) < 2:  # noqa: PLR2004 - a pair
        return Score.unscored("consistency", "needs trials ≥ 2", version=VERSION)
    if len(worded) < 2:  # noqa: PLR2004 - a pair
        return Score.unscored("consistency", f"{len(worded)} of {len(outputs)} answers have words", version=VERSION)
    pairs = {(i, j): similarity(a, b) for (i, a), (j, b) in combinations(worded, 2)}
    value = sum(pairs.values()) / len(pairs)
    return Score(metric="consistency", value=value, reason=_reason(pairs, dict(worded), len(outputs)), version=VERSION)


def similarity(a: Counter[str], b: Counter[str]) -> float:
    """Return the similarity of two answers, each as its stems counted, in [0, 1]; neither is empty."""
    there, back = _share(a, b), _share(b, a)
    if there + back == 0:
        return 0.0
    value = 2 * there * back / (there + back)
    if _numbers_differ(a, b):
        value *= _NUMBERS_DIFFER
    if _negation_differs(a, b):
        value *= _NEGATION_DIFFERS
    return min(value, 1.0)  # 2xy/(x+y) of two ones may be a rounding above


def _share(of: Counter[str], within: Counter[str]) -> float:
    """Weigh the words of one answer that the other says, as a share of all its words."""
    unmatched = of.keys() - within.keys()
    kin = Kin(within if unmatched else (), n_asked=len(unmatched))
    total = found = 0.0
    for word, n in of.items():
        weight = n * (_FUNCTION_WEIGHT if is_function_word(word) else 1.0)
        total += weight
        found += weight * (1.0 if word in within else max(kin.of(word, _LIKENESS).values(), default=0.0))
    return found / total


def _numbers_differ(a: Counter[str], b: Counter[str]) -> bool:
    mine, theirs = {word for word in a if is_number(word)}, {word for word in b if is_number(word)}
    return bool(mine - theirs) and bool(theirs - mine)


def _negation_differs(a: Counter[str], b: Counter[str]) -> bool:
    return n_negations(a.elements()) % 2 != n_negations(b.elements()) % 2


def _reason(pairs: Mapping[tuple[int, int], float], bags: Mapping[int, Counter[str]], n: int) -> str:
    i, j = min(pairs, key=lambda pair: (pairs[pair], pair))
    odd = " (their numbers differ)" if _numbers_differ(bags[i], bags[j]) else ""
    odd = odd or (" (one of them negates)" if _negation_differs(bags[i], bags[j]) else "")
    left_out = f"; {n - len(bags)} without words left out" if len(bags) < n else ""
    return f"of {len(bags)} answers, {i} and {j} agree least, at {pairs[i, j]:.2f}{odd}{left_out}"
