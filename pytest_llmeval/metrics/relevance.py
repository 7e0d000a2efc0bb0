"""Does the answer take up what was asked?"""

from __future__ import annotations

from collections import Counter
from typing import Final

from pytest_llmeval.metrics.words import Kin, is_function_word, split, stem, stems
from pytest_llmeval.records import Score

VERSION: Final = "1"

_LIKENESS: Final = 0.6
_HALF_AT: Final = 1.0
_N_NAMED: Final = 4


def relevance(output: str, question: str) -> Score:
    """Score how far the answer takes up the content words of the question.

    The mean over the question's distinct content words of c / (c + 1), where c is how often the answer says that word
    or one spelt like it (Dice of letter trigrams at least 0.6): 0 unsaid, 0.5 said once, towards 1 the more it is said.
    The shape is BM25's term saturation (Robertson and Walker 1994) without document frequencies, since one answer
    is no corpus. A question of function words only is compared by those.

    Measured (AUROC, 95 % interval, by ``benchmarks/quality/agreement.py``): 0.943 [0.919, 0.967] on answers to another
    question (HaluEval general), 0.733 [0.696, 0.770] on people's ratings of FeedbackQA passages, where length alone
    gives 0.651. Best threshold 0.08 and 0.40; 0.19 over both. The likeness of 0.6 was
    chosen on these two sets.

    What it cannot see: an answer in words of its own ("Paris." to "What is the capital of France?" scores 0), an answer
    in another language, and a wrong or evasive answer that repeats the question. Long answers score higher.

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
    content = {word: token for word, token in asked.items() if not is_function_word(word)} or asked
    kin = Kin(said, n_asked=len(content))
    counts = {token: sum(said[like] for like in kin.of(word, _LIKENESS)) for word, token in content.items()}
    value = sum(n / (n + _HALF_AT) for n in counts.values()) / len(counts)
    return Score(metric="relevance", value=value, reason=_reason(counts), version=VERSION)


def _reason(counts: dict[str, int]) -> str:
    missing = [token for token, n in counts.items() if n == 0]
    if not missing:
        return f"the answer says all {len(counts)} content words of the question"
    named = ", ".join(repr(token[:40]) for token in missing[:_N_NAMED]) + (", …" if len(missing) > _N_NAMED else "")
    return f"the answer says {len(counts) - len(missing)} of {len(counts)} content words of the question; not {named}"
