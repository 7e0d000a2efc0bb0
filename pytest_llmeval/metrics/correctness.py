"""Does the answer say what the reference says? Four ways that need no model, from the strictest to the loosest."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

from pytest_llmeval.records import Score

METRIC: Final = "correctness"
VERSION: Final = "1"

_ARTICLES: Final = re.compile(r"\b(?:a|an|the)\b")
# A sign, digits with or without thousands of three, a fraction, an exponent.
_NUMBER: Final = re.compile(
    r"(?<![\w.,])[-+\N{MINUS SIGN}]?(?:\d{1,3}(?:[, \N{NO-BREAK SPACE}']\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?"
    r"(?!\w|[.,]\d)"
)


def exact(output: str, expected: Sequence[str]) -> Score:
    """Score 1 if the answer is one of the references, character by character but for blanks around it; else 0."""
    said = output.strip()
    return _score("exact", float(any(said == one.strip() for one in expected)), expected)


def normalised(output: str, expected: Sequence[str]) -> Score:
    """Score 1 if the answer is one of the references, but for case, punctuation, articles and blanks; else 0.

    Source:
        Exact match of SQuAD: Rajpurkar et al. 2016, arXiv:1606.05250, section 6.1. Letters are folded (NFKC) besides,
        and punctuation is that of Unicode.
    """
    said = normal(output)
    return _score("normalised", float(any(said == normal(one) for one in expected)), expected)


def contains(output: str, expected: Sequence[str]) -> Score:
    """Score 1 if the answer has one of the references in it, as whole words after ``normalised``'s folding; else 0.

    It cannot see that the answer denies it: "not Paris" contains "Paris".
    """
    said = f" {normal(output)} "
    return _score("contains", float(any(f" {normal(one)} " in said for one in expected)), expected)


def f1(output: str, expected: Sequence[str]) -> Score:
    """Score the harmonic mean of two shares: the answer's words that the reference has, and the reverse.

    Words as of ``normalised``, each as often as it stands there; of several references the one that fits best.

    Source:
        F1 of SQuAD: Rajpurkar et al. 2016, arXiv:1606.05250, section 6.1.
    """
    return _score("f1", max(_f1(normal(output).split(), normal(one).split()) for one in expected), expected)


def numeric(output: str, expected: Sequence[float], tolerance: float) -> Score:
    """Score 1 if the last number of the answer is one of the references, within a tolerance; else 0.

    Numbers are read as English writes them: ``-1,234.5``, ``3e-4``, ``1 234``; ``12%`` is 12.

    Args:
        output: the answer; any text.
        expected: at least one finite number.
        tolerance: greatest difference, as a share of the reference: 0.01 is 1 %; of a reference of 0 the difference
            itself.

    Source:
        The last number is the answer: GSM8K, Cobbe et al. 2021, arXiv:2110.14168.
    """
    version = f"{VERSION} numeric" + (f" tolerance={tolerance:g}" if tolerance else "")
    found = _NUMBER.findall(output)
    if not found:
        return Score(metric=METRIC, value=0.0, reason="the answer has no number", version=version)
    said = _read(found[-1])
    is_near = any(abs(said - one) <= max(tolerance * (abs(one) or 1.0), 4 * math.ulp(one)) for one in expected)
    shown = " or ".join(f"{one:g}" for one in expected[:3])
    reason = f"the answer's number is {said:g}, the reference {shown}"
    return Score(metric=METRIC, value=float(is_near), reason=reason, version=version)


def normal(text: str) -> str:
    """Return a text in lower case, without punctuation and articles, its words one blank apart.

    One that has nothing else keeps it: "?" is not "!".
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = "".join(" " if unicodedata.category(char)[0] == "P" else char for char in folded)
    return " ".join(_ARTICLES.sub(" ", words).split()) or folded.strip()


def _f1(said: Sequence[str], right: Sequence[str]) -> float:
    if not said or not right:
        return float(said == right)
    n_common = (Counter(said) & Counter(right)).total()
    return 2 * n_common / (len(said) + len(right))


def _read(number: str) -> float:
    try:
        return float(re.sub(r"[, \N{NO-BREAK SPACE}']", "", number.replace("\N{MINUS SIGN}", "-")))
    except ValueError:  # digits of another script, which float() knows but not with an exponent
        return math.nan


def _score(how: str, value: float, expected: Sequence[str]) -> Score:
    shown = " or ".join(repr(one[:60]) for one in expected[:3]) + (" or …" if len(expected) > 3 else "")  # noqa: PLR2004
    return Score(metric=METRIC, value=value, reason=f"the reference is {shown}", version=f"{VERSION} {how}")
