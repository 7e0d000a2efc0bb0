"""What a comparison has to say beside its verdict, in sentences without p-values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmeval.gate.pairs import UNIT, Pair, mean, whole
from pytest_llmeval.gate.precision import detectable_drop, trials_wanted
from pytest_llmeval.gate.spending import CASE_SHARE, is_provable
from pytest_llmeval.gate.words import count, in_points, names
from pytest_llmeval.records import CaseVerdict, CheckId, Line, SuitePlan, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.gate.matching import Match


_RECORD = "`pytest --llmeval-baseline-update` on main records the baseline anew"
_HOPELESS = "no number of trials here makes"
_MORE = " would make a drop of "
_FLAKY = " at times on main (expected "

NO_FIRST_TRIAL = "none of the trials that every case has is scored; run it again"


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


def is_remedy(note: str) -> bool:
    """Whether a note says what would make a drop of the margin visible."""
    return _MORE in note or note.startswith(_HOPELESS)


def is_flaky(note: str) -> bool:
    """Whether a note speaks of cases that fail here as they do on main."""
    return _FLAKY in note


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
    verdict: Verdict,
    pairs: Sequence[Pair],
    cases: Sequence[Pair],
    alpha: float,
    margin: float,
    trials: SuitePlan | None = None,
) -> tuple[str, ...]:
    """Say which lines cannot be judged alone, and what more trials would show.

    Args:
        verdict: of the comparison.
        pairs: its lines.
        cases: the same, one a case.
        alpha: level of the regression tests.
        margin: the drop that should be seen, in [0, 1].
        trials: by which plan suspicious lines were drawn again; None: all lines had their trials at once.
    """
    said = []
    single = [pair for pair in pairs if not pair.is_case_level]
    if trials is not None:
        said += _blind_at_looks(single, trials, alpha)
    elif blind := [pair for pair in single if not _is_provable(pair, 0, 0, alpha)]:
        said.append(_blindness(blind, alpha))
    if verdict is Verdict.UNDECIDED and detectable_drop(cases) > margin:
        more = trials_wanted(cases, margin)
        if more is None:
            said.append(f"{_HOPELESS} a drop of {in_points(margin)} visible; main needs more too")
        else:
            said.append(
                f"{count(more, 'more trial')} per case ({count(more * len(cases), 'call')})"
                f"{_MORE}{in_points(margin)} visible"
            )
    return tuple(said)


def of_flaky(pairs: Sequence[Pair], told: Sequence[CaseVerdict], lines: Mapping[CheckId, Line]) -> tuple[str, ...]:
    """Say how many lines failed a trial here that fail at times on main too, and how many were to be expected.

    Args:
        pairs: the lines, with the trials that every case had.
        told: what the comparison says of single lines; those that are proven broken are not among the flaky ones.
        lines: the session's, which know their thresholds.
    """
    broken = {case.id for case in told if case.verdict is Verdict.REGRESSED}
    n_failed, expected = 0, 0.0
    for pair in pairs:
        (threshold,) = whole([lines[pair.id].threshold or 0.0])
        rate = sum(score >= threshold for score in pair.baseline) / len(pair.baseline)
        if rate < 1.0 and pair.id not in broken and not pair.is_case_level:
            n_failed += any(score < threshold for score in pair.current)
            expected += 1.0 - rate ** len(pair.current)
    if not n_failed:
        return ()
    some = any(len(pair.current) > 1 for pair in pairs)
    verb = "fails" if n_failed == 1 else "fail"
    said = f"{count(n_failed, 'check')} failed {'a trial ' if some else ''}here that also {verb}{_FLAKY}{expected:.1f})"
    return (said,)


def _blind_at_looks(pairs: Sequence[Pair], trials: SuitePlan, alpha: float) -> list[str]:
    """Say which lines no number of retests could prove broken."""
    level = CASE_SHARE * alpha / max(trials.n_tested, 1)
    blind = [pair for pair in pairs if not is_provable(len(pair.baseline), level)]
    if not blind:
        return []
    weakest = min(blind, key=lambda pair: (len(pair.baseline), pair.id))
    n = len(weakest.baseline)
    more = next(more for more in range(1, 10_000) if is_provable(n + more, level))
    subject = str(weakest.id) if len(blind) == 1 else count(len(blind), "line")
    said = f"{subject} cannot be judged alone: main has {count(n, 'trial')}; {more} more on main"
    return [f"{said} would make a full break provable"]


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
