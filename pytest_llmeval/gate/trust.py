"""How far a suite's own gate can be trusted: how often it is red where nothing changed, and where something did.

In: the lines of runs of unchanged code, and of runs with a fault. Every figure is a count of verdicts of the real
``compare_all`` and ``decide``; nothing is approximated beside them.

What resampling can see: the noise between trials, the suite's own scores, its numbers of cases and trials. What it
cannot: a shock that a whole run shares, such as a provider's bad hour. Only pairs of runs, apart in time, see that.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.gate.comparison import compare_all
from pytest_llmeval.gate.decision import decide
from pytest_llmeval.gate.planted import faults_of
from pytest_llmeval.gate.resampling import PooledCase, pool
from pytest_llmeval.records import Baseline, Verdict
from pytest_llmeval.records.trust import Alarm, AtTrials, DrawnFault, Rate, Sight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np

    from pytest_llmeval.gate.planted import Plant
    from pytest_llmeval.records import CheckId, Line, SessionVerdict

SEED = 20_260_131
LADDER = (1, 3, 5, 10, 20)
_CONFIDENCE = 0.95


class Resampled(NamedTuple):
    """How often the gate was red, and what it named, the most frequent first."""

    rate: Rate
    alarms: tuple[Alarm, ...]


def rate_of(n_red: int, n: int) -> Rate:
    """Return a rate with its exact interval.

    Args:
        n_red: how often it was red, from 0 to ``n``.
        n: how often it was tried; 0: nothing is known.

    Source:
        Clopper & Pearson 1934, "The use of confidence or fiducial limits", by quantiles of the Beta distribution.
    """
    if not n:
        return Rate(n_red=0, n=0, low=0.0, high=1.0)
    from scipy.special import betaincinv

    tail = (1.0 - _CONFIDENCE) / 2
    low = float(betaincinv(n_red, n - n_red + 1, tail)) if n_red else 0.0
    high = float(betaincinv(n_red + 1, n - n_red, 1.0 - tail)) if n_red < n else 1.0
    return Rate(n_red=n_red, n=n, low=low, high=high)


def verdict_on(baseline: Iterable[Line], session: Sequence[Line]) -> SessionVerdict:
    """Let the gate compare two runs, one as the baseline and the other as the session."""
    return decide(compare_all(Baseline(lines={line.id: line for line in baseline}), session))


def sight_of(verdict: SessionVerdict) -> Sight:
    """Say what became of a fault: red, unseen, or no verdict."""
    if verdict.verdict is Verdict.REGRESSED:
        return Sight.FOUND
    return Sight.NO_VERDICT if verdict.invalid else Sight.MISSED


def named_in(verdict: SessionVerdict) -> tuple[CheckId, ...]:
    """Return the lines that a verdict calls worse, the order as the gate gives it."""
    gated = [comparison for comparison in verdict.comparisons if not comparison.is_informational]
    return tuple(case.id for found in gated for case in found.cases if case.verdict is Verdict.REGRESSED)


def alarms_in(verdicts: Iterable[SessionVerdict]) -> tuple[Alarm, ...]:
    """Count the lines that red verdicts name, the most frequent first."""
    counts = Counter(
        id_ for verdict in verdicts if verdict.verdict is Verdict.REGRESSED for id_ in set(named_in(verdict))
    )
    return tuple(Alarm(id=id_, n=n) for id_, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def false_alarms(cases: Sequence[PooledCase], n_resamples: int) -> Resampled:
    """Deal the draws of unchanged code out at random, and count how often the gate is red.

    Args:
        cases: of ``pool``.
        n_resamples: how often; each side has as many trials of a case as a run.

    Source:
        Random permutations within strata, as the gate's own null hypothesis has them (GATE section 1); the interval
        of the rate covers the choice of permutations, not that of the draws.
    """

    def once(rng: np.random.Generator) -> SessionVerdict:
        before, now = _sides([case.deal(rng, case.n_trials, case.n_trials) for case in cases])
        return verdict_on(before, now)

    verdicts = _many(once, n_resamples)
    return Resampled(_rate(verdicts), alarms_in(verdicts))


def drawn_faults(cases: Sequence[PooledCase], n_resamples: int) -> tuple[DrawnFault, ...]:
    """Deal the draws out at random, put a fault into the session's, and count how often the gate is red.

    Args:
        cases: of ``pool``.
        n_resamples: how often, for each fault and each number of trials.

    Returns:
        One a fault that these scores can have; the baseline has as many trials as a run throughout.
    """

    def found(plant: Plant, n_trials: int) -> Rate:
        is_whole = n_trials >= most_trials(cases)

        def once(rng: np.random.Generator) -> SessionVerdict:
            dealt = [
                case.deal(rng, case.n_trials, min(n_trials, case.n_trials), with_wholes=is_whole) for case in cases
            ]
            before, now = _sides(dealt)
            return verdict_on(before, plant(rng, now))

        return _rate(_many(once, n_resamples))

    return tuple(
        DrawnFault(
            name=fault.name,
            found=tuple(AtTrials(n_trials=n, rate=found(fault.plant, n)) for n in _ladder(most_trials(cases))),
        )
        for fault in faults_of(cases)
    )


def found_with(cases: Sequence[PooledCase], fault: Sequence[Line], n_resamples: int) -> tuple[AtTrials, ...]:
    """Count how often a fault that was run would be found, with as many trials as were drawn and with fewer.

    The baseline is dealt out of the draws of unchanged code, as many as a run has, the session out of those with the
    fault. Case-level lines, such as consistency, are compared only with all trials that they stand for.

    Args:
        cases: of ``pool``, of unchanged code.
        fault: lines of the run with the fault.
        n_resamples: how often, for each number of trials.

    Returns:
        By the number of trials, ascending; empty where no line of the fault's run can be compared.
    """
    known = {line.id: line for case in cases for line in case.lines}
    faulty = pool([[line for line in fault if line.id in known and line.is_comparable(known[line.id])]], n_least=1)

    def found(n_trials: int) -> Rate:
        is_whole = n_trials >= most_trials(faulty)

        def once(rng: np.random.Generator) -> SessionVerdict:
            (now,) = _sides([case.deal(rng, min(n_trials, case.n_trials), with_wholes=is_whole) for case in faulty])
            (before,) = _sides([case.deal(rng, case.n_trials) for case in cases])
            here = {line.id for line in now}
            return verdict_on([line for line in before if line.id in here], now)

        return _rate(_many(once, n_resamples))

    return tuple(AtTrials(n_trials=n, rate=found(n)) for n in _ladder(most_trials(faulty)))


def most_trials(cases: Sequence[PooledCase]) -> int:
    """Return the most trials that a case has in one run; 0 without cases."""
    return max((case.n_trials for case in cases), default=0)


def _ladder(most: int) -> list[int]:
    return [*(n for n in LADDER if n < most), most] if most else []


def _sides(dealt: Sequence[Sequence[tuple[Line, ...]]]) -> list[list[Line]]:
    """Put the cases of each side together."""
    return [list(chain.from_iterable(side)) for side in zip(*dealt, strict=True)]


def _many(once: Callable[[np.random.Generator], SessionVerdict], n: int) -> list[SessionVerdict]:
    """Reach so many verdicts by one fixed sequence of random choices, so that equal draws give equal rates."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    return [once(rng) for _ in range(n)]


def _rate(verdicts: Sequence[SessionVerdict]) -> Rate:
    return rate_of(sum(one.verdict is Verdict.REGRESSED for one in verdicts), len(verdicts))
