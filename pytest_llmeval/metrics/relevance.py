"""Does the answer take up what was asked?"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Final

from pytest_llmeval.metrics.words import Kin, is_function_word, split, stem, stems
from pytest_llmeval.records import Score

VERSION: Final = "2"

_LIKENESS: Final = 0.6
_HALF_AT: Final = 1.0
_N_NAMED: Final = 4


def relevance(output: str, question: str) -> Score:
    """Score how far the answer takes up the content words of the question.

    s + s (1 - s) g. Here s is the weighted mean over the question's distinct content words of c / (c + 1), where c is
    how often the answer says that word or one spelt like it (Dice of letter trigrams at least 0.6): 0 unsaid, 0.5 said
    once, towards 1 the more it is said. A word weighs log(1 + its length). g is the same mean, unweighted, over the
    question's function words: they count only where something of the content is taken up. A question of function words
    only is compared by those.

    Sources: the shape is BM25's term saturation (Robertson and Walker 1994); length stands in for the document
    frequency, which one answer cannot have (S. Piantadosi et al. 2011, PNAS 108(9): longer words carry more
    information).

    Measured (AUROC, 95 % interval, by ``benchmarks/quality``): 0.939 [0.915, 0.964] on answers to another
    question (HaluEval general), 0.749 [0.713, 0.785] on people's ratings of FeedbackQA passages, where length alone
    gives 0.651. Best threshold 0.12 and 0.47; 0.24 over both. The likeness of 0.6 and the part of the function words
    were chosen on these two sets, so expect a hundredth less on others of their kind.

    What it cannot see: an answer in words of its own ("Paris." to "What is the capital of France?" scores 0), an answer
    in another language, and a wrong or evasive answer that repeats the question. Long answers score higher. With the
    extra ``semantic`` the first two are seen in part: :mod:`pytest_llmeval.metrics.semantic`.

    Args:
        output: the answer; any text.
        question: what was asked; any text.

    Returns:
        A value in [0, 1); unscored where the answer or the question has no words.
    """
    said = Counter(stems(output))
    if not said:
        return Score.unscored("relevance", "the answer is empty or has no words", version=VERSION)
    asked = {stem(token): token for token in split(question)}
    if not asked:
        return Score.unscored("relevance", "the question is empty or has no words", version=VERSION)
    value, counts = share_of_content(said, asked)
    grammar = [said[word] for word in asked if is_function_word(word)]
    if grammar and len(grammar) < len(asked):
        value += value * (1 - value) * sum(map(_saturated, grammar)) / len(grammar)
    return Score(metric="relevance", value=value, reason=_reason(counts), version=VERSION)


def share_of_content(said: Counter[str], asked: Mapping[str, str]) -> tuple[float, dict[str, int]]:
    """Return how far the question's content words are taken up, in [0, 1), and how often each is said.

    Args:
        said: the stems of the answer, counted.
        asked: the words of the question by their stems; at least one.
    """
    content = {word: token for word, token in asked.items() if not is_function_word(word)} or asked
    kin = Kin(said, n_asked=len(content))
    counts = {token: sum(said[like] for like in kin.of(word, _LIKENESS)) for word, token in content.items()}
    weights = [math.log1p(len(token)) for token in counts]
    value = sum(w * _saturated(n) for w, n in zip(weights, counts.values(), strict=True)) / sum(weights)
    return value, counts


def _saturated(n: int) -> float:
    return n / (n + _HALF_AT)


def _reason(counts: dict[str, int]) -> str:
    missing = [token for token, n in counts.items() if n == 0]
    if not missing:
        return f"the answer says all {len(counts)} content words of the question"
    named = ", ".join(repr(token[:40]) for token in missing[:_N_NAMED]) + (", …" if len(missing) > _N_NAMED else "")
    return f"the answer says {len(counts) - len(missing)} of {len(counts)} content words of the question; not {named}"
