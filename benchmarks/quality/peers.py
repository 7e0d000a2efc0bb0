"""What other tools offer without a model, on the same rows: ROUGE, BLEU, edit distance, difflib; and bare length."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import cache

import sacrebleu
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein
from rouge_score.rouge_scorer import RougeScorer

Peer = Callable[[str, str], float]

_LONGEST = 2_000


@cache
def _rouge() -> RougeScorer:
    return RougeScorer(["rougeL"], use_stemmer=True)


PEERS: Mapping[str, Peer] = {
    "ROUGE-L": lambda output, against: _rouge().score(against, output)["rougeL"].fmeasure,
    "BLEU": lambda output, against: sacrebleu.sentence_bleu(output, [against]).score,
    "Levenshtein": Levenshtein.normalized_similarity,
    "token set": fuzz.token_set_ratio,
    "difflib": lambda output, against: difflib.SequenceMatcher(
        None, output[:_LONGEST], against[:_LONGEST], autojunk=False
    ).ratio(),
}
"""Each takes the answer and the text it is set against; deepeval, ragas, promptfoo and autoevals offer these forms."""
