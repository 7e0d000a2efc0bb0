"""The mean of the cases with one tag: where to look. A description: no test, so it costs no level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gate.pairs import mean_of_means, whole
from pytest_llmeval.records import Slice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.gate.pairs import Pair
    from pytest_llmeval.records import CheckId, Line


def of_lines(lines: Sequence[Line]) -> tuple[Slice, ...]:
    """Return one slice for each tag of lines that have a score, sorted by tag."""
    scored = [line for line in lines if line.draws]
    tags = sorted({tag for line in scored for tag in line.tags})
    return tuple(_of(tag, [line for line in scored if tag in line.tags]) for tag in tags)


def of_pairs(pairs: Sequence[Pair], lines: Mapping[CheckId, Line]) -> tuple[Slice, ...]:
    """Return one slice for each tag of compared lines, sorted by tag.

    Args:
        pairs: what is compared.
        lines: the session's, which know their tags.
    """
    by_tag: dict[str, list[Pair]] = {}
    for pair in pairs:
        for tag in dict.fromkeys(lines[pair.id].tags):
            by_tag.setdefault(tag, []).append(pair)
    return tuple(
        Slice(
            tag=tag,
            mean=mean_of_means(pair.current for pair in found),
            n_lines=len(found),
            baseline_mean=mean_of_means(pair.baseline for pair in found),
        )
        for tag, found in sorted(by_tag.items())
    )


def _of(tag: str, lines: Sequence[Line]) -> Slice:
    return Slice(tag=tag, mean=mean_of_means(whole(line.scores) for line in lines), n_lines=len(lines))
