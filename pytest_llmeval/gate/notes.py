"""What a comparison has to say beside its verdict, in sentences without p-values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmeval.gate.pairs import UNIT, Pair, mean
from pytest_llmeval.gate.precision import detectable_drop, trials_wanted
from pytest_llmeval.gate.words import count, in_points, names
from pytest_llmeval.records import CheckId, Line, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.gate.matching import Match


_RECORD = "`pytest --llmeval-baseline-update` on main records the baseline anew"


def of_match(
    matched: Match, before: Mapping[CheckId, Line], now: Mapping[CheckId, Line], *, n_informational: int
) -> tuple[str, ...]:
    """Say which lines cannot be compared, why, and what to do about it."""
    said = []
    if before and not now:
        said.append(
            "none of its checks is in this session; run their tests too, or take their lines out of the baseline"
        )
    elif before and not before.keys() & now.keys():
        said.append(f"none of its cases is in the baseline; {_RECORD}")
    if matched.edited and not (matched.pairs or matched.replays):
        said.append(f"its cases' inputs were edited; {_RECORD}")
    if matched.other_version:
        first = matched.other_version[0]
        versions = f"{before[first].metric_version!r} on main, {now[first].metric_version!r} here"
        said.append(f"the metric or its judge changed ({versions}); {_RECORD}")
    if matched.other_trials:
        first = matched.other_trials[0]
        said.append(
            f"{names(matched.other_trials)} stand for {before[first].n_trials} trials on main and "
            f"{now[first].n_trials} here, so they are not compared; run as many here, or {_RECORD}"
        )
    if matched.unscored:
        said.append(f"no score to compare for {names(matched.unscored)}; run it again")
    if matched.lowered:
        said.append(f"the threshold is lower than on main for {names(matched.lowered)}")
    if n_informational:
        said.append(f"{count(n_informational, 'line')} without a threshold left out")
    return tuple(said)


def of_pair(pair: Pair) -> str:
    """Say both runs' scores of one line."""
    before, now = pair.baseline, pair.current
    if {*before, *now} <= {0, UNIT}:
        return f"passed {sum(before) // UNIT} of {len(before)} on main, {sum(now) // UNIT} of {len(now)} here"
    noun = "session" if pair.is_case_level else "trial"
    return (
        f"mean {mean(before):.2f} on main ({count(len(before), noun)}), {mean(now):.2f} here ({count(len(now), noun)})"
    )


def of_sample(
    verdict: Verdict, pairs: Sequence[Pair], cases: Sequence[Pair], alpha: float, margin: float
) -> tuple[str, ...]:
    """Say which lines cannot be judged alone, and what more trials would show.

    Args:
        verdict: of the comparison.
        pairs: its lines.
        cases: the same, one a case.
        alpha: level of the regression tests.
        margin: the drop that should be seen, in [0, 1].
    """
    said = []
    blind = [pair for pair in pairs if not pair.is_case_level and not _is_provable(pair, 0, 0, alpha)]
    if blind:
        said.append(_blindness(blind, alpha))
    if verdict is Verdict.UNDECIDED and detectable_drop(cases) > margin:
        more = trials_wanted(cases, margin)
        if more is None:
            said.append(f"no number of trials here makes a drop of {in_points(margin)} visible; main needs more too")
        else:
            said.append(
                f"{count(more, 'more trial')} per case ({count(more * len(cases), 'call')}) "
                f"would make a drop of {in_points(margin)} visible"
            )
    return tuple(said)


def _is_provable(pair: Pair, more_before: int, more_now: int, alpha: float) -> bool:
    """Whether a line that always passed and now always fails would be named, were it the only one."""
    n_before, n_now = len(pair.baseline) + more_before, len(pair.current) + more_now
    return math.comb(n_before + n_now, n_now) * alpha / 2 >= 1


def _blindness(blind: Sequence[Pair], alpha: float) -> str:
    weakest = min(
        blind, key=lambda pair: (math.comb(len(pair.baseline) + len(pair.current), len(pair.current)), pair.id)
    )
    n_before, n_now = len(weakest.baseline), len(weakest.current)
    before = next(more for more in range(1, 10_000) if _is_provable(weakest, more, 0, alpha))
    now = next(more for more in range(1, 10_000) if _is_provable(weakest, 0, more, alpha))
    wanted = f"{before} more on main" if before <= now else f"{now} more here"
    subject = str(weakest.id) if len(blind) == 1 else count(len(blind), "line")
    return (
        f"{subject} cannot be judged alone: main has {count(n_before, 'trial')}, this run {n_now}; "
        f"{wanted} would make a full break provable"
    )
