"""What became of a contest, in words: who wins or why nobody does, then duel by duel, then what it costs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmeval.gate.words import count, in_points, names, odds, points
from pytest_llmeval.records import Contest, Duel, Expense, ExpenseDifference, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ORDER = (Standing.BETTER, Standing.WORSE, Standing.OPEN, Standing.ALIKE, Standing.NOT_COMPARED)
_FACTORS_DIFFER = 0.005


def contest_sentences(contest: Contest) -> tuple[str, ...]:
    """Return the outcome, the most important first; nothing where no two arms could be set against each other."""
    if not contest.duels:
        return ()
    claimed = [duel for duel in contest.duels if not duel.is_informational]
    with_suite = len({duel.suite for duel in contest.duels}) > 1
    ordered = sorted(claimed, key=lambda duel: _ORDER.index(duel.standing))
    extra = [duel for duel in contest.duels if duel.is_informational]
    return (
        _headline(contest, claimed),
        *(duel_sentence(duel, with_suite=with_suite) for duel in ordered),
        *(f"for information, {_size(duel, _label(duel, with_suite=with_suite))}" for duel in extra),
        *(f"{_label(duel, with_suite=with_suite)}: {note}." for duel in contest.duels for note in _notes(duel)),
        *_expenses(contest.expenses),
        *_not_in_all(contest),
    )


def duel_sentence(duel: Duel, *, with_suite: bool) -> str:
    """Say how an arm stands against its reference by one metric, without a p-value."""
    label = _label(duel, with_suite=with_suite)
    if duel.standing is Standing.NOT_COMPARED:
        return f"{label}: {duel.arm} and {duel.reference} cannot be set against each other."
    if duel.standing is Standing.ALIKE:
        said = f"{label}: {duel.arm} and {duel.reference} are alike, {_ruled_out(duel)}."
    elif duel.standing is Standing.OPEN:
        said = f"{_size(duel, label)} That may be chance: {visible(duel)} would have shown."
    else:
        chance = odds(duel.p_adjusted)
        said = f"{label}: {duel.arm} is {duel.standing} than {duel.reference} by {_range(duel)}, {_cases(duel)}."
        said += f" Chance of that if the two were equally good: {chance}." if chance else ""
    if duel.better:
        said += f" Provably better: {names(duel.better)}."
    if duel.worse:
        said += f" Provably worse: {names(duel.worse)}."
    return said


def visible(duel: Duel) -> str:
    """Say the smallest difference that would have shown, in points rounded up to a tenth."""
    if duel.mde is None:
        return "no difference of any size"
    return f"only a difference of {in_points(math.ceil(round(1000 * duel.mde, 6)) / 1000)} or more"


def _headline(contest: Contest, claimed: Sequence[Duel]) -> str:
    proven = [duel for duel in claimed if duel.standing in (Standing.BETTER, Standing.WORSE)]
    if contest.winner:
        beaten = _beaten(proven, contest.winner)
        said = f"WINNER {contest.winner}: better than {_join(beaten)} by {_join(_metrics(proven, contest.winner))}"
        others = [arm for arm in contest.arms if arm not in (contest.winner, *beaten)]
        return f"{said}; {_join(others)} {'is' if len(others) == 1 else 'are'} not." if others else f"{said}."
    return f"NO WINNER: {_why(contest, claimed, proven)}."


def _why(contest: Contest, claimed: Sequence[Duel], proven: Sequence[Duel]) -> str:
    if not claimed:
        return "no metric has a threshold in all arms"
    compared = [duel for duel in claimed if duel.standing is not Standing.NOT_COMPARED]
    if not compared:
        return "nothing here can be set against each other"
    if proven:
        who = [
            f"{arm} is better than {_join(_beaten(proven, arm))} by {_join(metrics)}"
            for arm in contest.arms
            if (metrics := _metrics(proven, arm))
        ]
        return f"{who[0]}, but not than every other" if len(who) == 1 else f"{', '.join(who)}; none is best of all"
    if all(duel.standing is Standing.ALIKE for duel in compared):
        widest = max(compared, key=lambda duel: duel.bound or 0.0)
        return f"the arms are alike, {_ruled_out(widest)}"
    by_size = sorted(compared, key=lambda duel: math.inf if duel.mde is None else duel.mde)
    said = f"no difference is proven, and {visible(by_size[0])} would have shown"
    return said if len(compared) == 1 else f"{said}, in the pair that shows most"


def _beaten(proven: Sequence[Duel], arm: str) -> list[str]:
    """Return the arms that an arm is proven better than."""
    sides = ((duel.arm, duel.reference) for duel in proven if duel.standing is Standing.BETTER)
    others = ((duel.reference, duel.arm) for duel in proven if duel.standing is Standing.WORSE)
    return list(dict.fromkeys(worse for better, worse in (*sides, *others) if better == arm))


def _metrics(proven: Sequence[Duel], arm: str) -> list[str]:
    """Return by which metrics an arm is proven better than another one."""
    won = [duel for duel in proven if arm == (duel.arm if duel.standing is Standing.BETTER else duel.reference)]
    return list(dict.fromkeys(duel.metric for duel in won))


def _size(duel: Duel, label: str) -> str:
    if duel.standing is Standing.NOT_COMPARED:
        return f"{label}: {duel.arm} and {duel.reference} cannot be set against each other."
    where = "above" if duel.gain > 0 else "below"
    if not round(1000 * duel.gain):
        return f"{label}: {duel.arm} is level with {duel.reference}{_between(duel)}, {_cases(duel)}."
    return f"{label}: {duel.arm} lies {_range(duel)} {where} {duel.reference}, {_cases(duel)}."


def _range(duel: Duel) -> str:
    """Return the size of the difference as a positive number, with its interval on the same scale."""
    return f"{in_points(abs(duel.gain))}{_between(duel)}"


def _between(duel: Duel) -> str:
    if duel.low is None or duel.high is None:
        return ""
    low, high = (duel.low, duel.high) if duel.gain >= 0 else (-duel.high, -duel.low)
    return f" (between {points(low)} and {points(high)})"


def _ruled_out(duel: Duel) -> str:
    bound = math.ceil(round(1000 * (duel.bound or 0.0), 6)) / 1000
    return f"any difference is at most {in_points(bound)}"


def _cases(duel: Duel) -> str:
    return f"over {count(duel.n_cases, 'case')}"


def _label(duel: Duel, *, with_suite: bool) -> str:
    has_suite = with_suite and duel.suite not in ("", duel.metric)
    return f"{duel.suite} {duel.metric}" if has_suite else duel.metric


def _notes(duel: Duel) -> Iterator[str]:
    return (f"{duel.arm} against {duel.reference}: {note}" for note in duel.notes)


def _expenses(found: Sequence[ExpenseDifference]) -> Iterator[str]:
    for one in found:
        verb = "costs" if one.expense is Expense.COST_USD else "takes"
        unknown = "" if one.low is not None else "; one case tells nothing of others"
        yield (
            f"{one.arm} {verb} {expense(one.expense, one.arm_mean)} a trial, {one.reference} "
            f"{expense(one.expense, one.reference_mean)}{_factor(one)}{unknown}."
        )


def expense(kind: Expense, value: float) -> str:
    """Return an amount with its unit, such as "$0.0012" or "1.20 s"."""
    sign = "-" if value < 0 else ""
    return f"{sign}${abs(value):.3g}" if kind is Expense.COST_USD else f"{value:.3g} s"


def _factor(one: ExpenseDifference) -> str:
    """Say the difference and its interval, and as a factor where there is one."""
    if one.low is None or one.high is None:
        return ""
    said = f"between {expense(one.expense, one.low)} and {expense(one.expense, one.high)} more"
    if one.reference_mean > 0 and abs(one.arm_mean / one.reference_mean - 1.0) >= _FACTORS_DIFFER:
        said = f"{one.arm_mean / one.reference_mean:.2g} times as much; {said}"
    return f" ({said})"


def _not_in_all(contest: Contest) -> Iterator[str]:
    if contest.cases:
        yield f"{count(len(contest.cases), 'case')} not scored in all arms, and left out: {names(contest.cases)}."


def _join(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
