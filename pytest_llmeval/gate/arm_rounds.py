"""Arms that are stopped early: what each look may claim, and whether another one follows.

In a round every case is drawn again in every arm. Looking after each round and stopping at the first difference would
find one by luck in more than 1 of 10 comparisons of equal arms. Here the rounds are fixed before the first call, the
level is spent along them (``boundaries``), and stopping costs nothing more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gate.duels import Looks
from pytest_llmeval.gate.words import count
from pytest_llmeval.records import Contest, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.records import Variant


def looks_of(
    pairs: Sequence[tuple[str, str]], variants: Mapping[str, Variant], rounds: Sequence[int], n_done: int
) -> tuple[Looks, ...]:
    """Return the looks of each pair of arms, for ``compare_arms``.

    Args:
        pairs: of ``pairs_of``.
        variants: by their names; they say which share of the trials each arm draws.
        rounds: all that are planned before the first call: trials of every case, ascending.
        n_done: how many of them are drawn, from 1.
    """
    return tuple(
        Looks(
            reference=tuple(variants[reference].trials_of(trials) for trials in rounds),
            arm=tuple(variants[arm].trials_of(trials) for trials in rounds),
            n_done=n_done,
        )
        for reference, arm in pairs
    )


def is_decided(contest: Contest) -> bool:
    """Whether more trials would tell nothing that is asked: every duel that counts is better, worse or alike."""
    return not _n_open(contest)


def next_look(contest: Contest, rounds: Sequence[int], n_done: int) -> tuple[int | None, str]:
    """Return how many trials of every case come next, None to stop; and why, in one sentence.

    Args:
        contest: after the rounds so far, made with their looks.
        rounds: all that are planned, ascending.
        n_done: how many of them are drawn, from 1.
    """
    if not contest.duels:
        return None, "there are no two arms to set against each other"
    if is_decided(contest):
        return None, "everything is decided"
    undecided = f"{count(_n_open(contest), 'comparison')} undecided"
    if n_done == len(rounds):
        return None, f"{undecided}, and the last round is done"
    return rounds[n_done], f"{undecided}: a round up to {count(rounds[n_done], 'trial')} a case follows"


def _n_open(contest: Contest) -> int:
    return sum(duel.standing is Standing.OPEN and not duel.is_informational for duel in contest.duels)
