"""The arms of a session set against each other: who is better, by how much, and at what price.

A comparison of alternatives, not a gate: nothing here changes an exit status. Where a baseline is compared with too,
``of_arms`` says which stored line each arm's line is held to.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from pytest_llmeval.gate.arm_words import contest_sentences
from pytest_llmeval.gate.duels import Looks, Terms, Tested, fight
from pytest_llmeval.gate.expenses import expense_difference
from pytest_llmeval.records import Baseline, Contest, Duel, Expense, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.records import CaseId, CaseResult, CheckId, Line


def compare_arms(
    arms: Sequence[str],
    lines: Sequence[Line],
    results: Sequence[CaseResult] = (),
    *,
    every_pair: bool = False,
    alpha: float = 0.05,
    margin: float = 0.05,
    min_case_gain: float = 0.05,
    looks: Sequence[Looks] = (),
) -> Contest:
    """Set the arms of a session against each other, suite by suite and metric by metric.

    Args:
        arms: their names in the order of their declaration, at least one. An arm is set against the first one that ran
            cases of its own: its reference.
        lines: of the session, in any order.
        results: of the session, for cost and latency.
        every_pair: set every arm against every other one, not only against its reference; dearer by Holm.
        alpha: the chance to claim any difference where the arms do not differ, at most, over all duels.
        margin: the difference of the mean below which two arms count as alike, in [0, 1].
        min_case_gain: the difference of a line below which it is never named, in [0, 1].
        looks: where the arms are stopped early: of each pair of arms, in the order of ``pairs_of``; only the trials of
            the looks so far count.

    Returns:
        One duel a pair, suite and metric. Where any line of the session has a threshold, metrics without one are
        compared for information: nothing is claimed of them.

    Source:
        Holm 1979 over all duels that are not for information, each two-sided.
    """
    pairs = pairs_of(arms, lines, every_pair=every_pair)
    wanted = _wanted(pairs, lines)
    terms = Terms(
        alpha=alpha,
        margin=margin,
        min_case_gain=min_case_gain,
        n_duels=max(sum(not duel.is_informational for duel, *_ in wanted), 1),
    )
    by_pair = dict(zip(pairs, looks, strict=True)) if looks else {}
    tested = [fight(*one, terms, by_pair.get((one[0].reference, one[0].arm))) for one in wanted]
    expenses = [expense_difference(results, *pair, expense) for pair in pairs for expense in Expense]
    contest = Contest(
        arms=tuple(arms),
        duels=_held(tested, alpha),
        expenses=tuple(found for found in expenses if found is not None),
        cases=_not_in_all(pairs, lines),
    )
    contest = replace(contest, winner=_winner(contest))
    return replace(contest, sentences=contest_sentences(contest))


def _wanted(pairs: Sequence[tuple[str, str]], lines: Sequence[Line]) -> list[tuple[Duel, list[Line], list[Line]]]:
    """Return who is set against whom, by which suite and metric, and both arms' lines; sorted by suite and metric."""
    gated = {(line.suite, line.id.metric) for line in lines if line.threshold is not None}
    groups: dict[tuple[str, str], dict[str, list[Line]]] = {}
    for line in lines:
        groups.setdefault((line.suite, line.id.metric), {}).setdefault(line.id.arm, []).append(line)
    return [
        (
            Duel(
                suite=suite,
                metric=metric,
                reference=reference,
                arm=arm,
                is_informational=bool(gated) and (suite, metric) not in gated,
            ),
            by_arm[reference],
            by_arm[arm],
        )
        for (suite, metric), by_arm in sorted(groups.items(), key=lambda item: item[0])
        for reference, arm in pairs
        if {reference, arm} <= by_arm.keys()
    ]


def pairs_of(arms: Sequence[str], lines: Sequence[Line], *, every_pair: bool = False) -> tuple[tuple[str, str], ...]:
    """Return which arms are set against each other, (reference, arm); those that share no case never are.

    Args:
        arms: their names in the order of their declaration.
        lines: of the session.
        every_pair: each against each other one, not only against its reference.
    """
    cases: dict[str, set[CaseId]] = {arm: set() for arm in arms}
    for line in lines:
        if line.id.arm in cases:
            cases[line.id.arm].add(line.id.case_id)
    shared = [(first, second) for first, second in combinations(arms, 2) if cases[first] & cases[second]]
    if every_pair:
        return tuple(shared)
    found: dict[str, str] = {}
    for first, second in shared:
        if first not in found:
            found.setdefault(second, first)
    return tuple((reference, arm) for arm, reference in found.items())


def _held(tested: Sequence[Tested], alpha: float) -> tuple[Duel, ...]:
    """Return the duels with what can be claimed of all of them together, in their order."""
    claims = [one for one in tested if not one.duel.is_informational and one.duel.standing is not Standing.NOT_COMPARED]
    order = sorted(range(len(claims)), key=lambda place: claims[place].p)
    held: dict[int, Duel] = {}
    running, is_open = 0.0, True
    for rank, place in enumerate(order):
        level = alpha / (len(claims) - rank)
        running = max(running, min(1.0, claims[place].p * (len(claims) - rank)))
        is_open = is_open and claims[place].p <= level
        held[id(claims[place])] = claims[place].at(level if is_open else 0.0, running)
    return tuple(held[id(one)] if id(one) in held else one.at(0.0, 1.0) for one in tested)


def _winner(contest: Contest) -> str:
    """Return the one arm that is proven better than every arm it was set against, and by no metric worse; else nothing.

    Of two arms that beat one reference neither wins: which of the two is the better one was not asked.
    """
    met: dict[str, set[str]] = {}
    beats: dict[str, set[str]] = {}
    losers: set[str] = set()
    for duel in contest.duels:
        if duel.is_informational:
            continue
        for one, other in ((duel.arm, duel.reference), (duel.reference, duel.arm)):
            met.setdefault(one, set()).add(other)
        if duel.standing in (Standing.BETTER, Standing.WORSE):
            ordered = (duel.arm, duel.reference)
            better, worse = ordered if duel.standing is Standing.BETTER else ordered[::-1]
            beats.setdefault(better, set()).add(worse)
            losers.add(worse)
    won = [arm for arm in contest.arms if arm in beats and beats[arm] == met[arm] and arm not in losers]
    return won[0] if len(won) == 1 else ""


def _not_in_all(pairs: Sequence[tuple[str, str]], lines: Sequence[Line]) -> tuple[CaseId, ...]:
    cases: dict[str, set[CaseId]] = {}
    for line in lines:
        if line.draws:
            cases.setdefault(line.id.arm, set()).add(line.id.case_id)
    missing: set[CaseId] = set()
    for reference, arm in pairs:
        missing |= cases.get(reference, set()) ^ cases.get(arm, set())
    return tuple(sorted(missing))


def of_arms(baseline: Baseline, lines: Sequence[Line]) -> Baseline:
    """Return the baseline as each arm of a session is held to it.

    An arm's line is compared with the arm's own stored line; where there is none, with the one that was stored without
    an arm. Lines of arms that their test did not run are no part of the comparison, and not missing either.

    Args:
        baseline: all that is stored.
        lines: of the session.
    """
    arms: dict[str, set[str]] = {}
    for line in lines:
        arms.setdefault(line.id.test, set()).add(line.id.arm)
    if all(of_test == {""} for of_test in arms.values()) and not any(id_.arm for id_ in baseline.lines):
        return baseline
    found: dict[CheckId, Line] = {}
    for id_, line in baseline.lines.items():
        # A test that is gone is missing once, as it was stored.
        of_test = arms.get(id_.test, {id_.arm})
        if id_.arm in of_test:
            found[id_] = line
        elif not id_.arm:
            for arm in of_test:
                found.setdefault(own := id_._replace(arm=arm), replace(line, id=own))
    # setdefault may have come first: an arm's own line wins whatever the order.
    found |= {id_: line for id_, line in baseline.lines.items() if id_ in found}
    return replace(baseline, lines=found)
