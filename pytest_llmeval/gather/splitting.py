"""Collected tests → the part of each of several machines: the same on all of them, whatever ran before on any.

In: every test that was collected, in any order. Out: N lists of their ids, disjoint, together all of them.
"""

from __future__ import annotations

from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_NEAR = 10
"""A cut moves to the edge of a module within a tenth of a fair share."""


class Weighed(NamedTuple):
    """A test, and what it weighs.

    Args:
        id: unique.
        module: the file it stands in.
        weight: how often it is run, from 1.
        group: tests of one group are never parted; empty for none.
    """

    id: str
    module: str
    weight: int = 1
    group: str = ""


def split(tests: Iterable[Weighed], n: int) -> tuple[tuple[str, ...], ...]:
    """Cut the tests, sorted by module and id, into pieces of nearly equal weight.

    Neighbours stay together, so at most ``n - 1`` modules are parted and have their wide fixtures set up twice. Where
    the edge of a module is near, the cut is made there.

    Args:
        tests: in any order.
        n: how many pieces, from 1.

    Returns:
        ``n`` tuples of ids, each sorted; none outweighs a fair share by more than a fifth of it and the weight of its
        heaviest group or test. Some are empty where there are fewer tests than pieces.
    """
    units = list(_units(tests))
    edges = [0, *accumulate(sum(test.weight for test in unit) for unit in units)]
    cuts = [0, *(_cut(units, edges, number, n) for number in range(1, n)), len(units)]
    pieces = (units[first:last] for first, last in pairwise(cuts))
    return tuple(tuple(sorted(test.id for test in chain.from_iterable(piece))) for piece in pieces)


def _units(tests: Iterable[Weighed]) -> Iterator[list[Weighed]]:
    """Yield what is never parted, in order: a test, or a whole group where its first test stands."""
    units: dict[tuple[str, str], list[Weighed]] = {}
    for test in sorted(tests, key=lambda test: (test.module, test.id)):
        units.setdefault(("group", test.group) if test.group else ("test", test.id), []).append(test)
    yield from units.values()


def _cut(units: Sequence[Sequence[Weighed]], edges: Sequence[int], number: int, n: int) -> int:
    """Return how many units stand before the cut behind piece ``number``. Weights times ``n``: whole numbers only."""
    target = edges[-1] * number
    away = [abs(edge * n - target) for edge in edges]
    near = [place for place in range(1, len(units)) if _NEAR * away[place] <= edges[-1] and _parts(units, place)]
    return min(near or range(len(edges)), key=lambda place: (away[place], place))


def _parts(units: Sequence[Sequence[Weighed]], place: int) -> bool:
    return units[place - 1][-1].module != units[place][0].module
