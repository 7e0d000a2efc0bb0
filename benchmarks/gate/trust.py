"""Draws dealt out at random beside fresh runs: does `llmeval gate check` tell what the suite's gate really does?

Simulated suites of known pass rates. Of each, two runs are drawn and dealt out as the command does it; beside that the
same suites are run afresh, unchanged and with the same faults. Run as ``python benchmarks/gate/trust.py``, a minute.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH leaves it out, and the wheel is what is measured

from suites import KINDS, SEED, Scores, lines, lower_by

from pytest_llmeval.gate import trust
from pytest_llmeval.gate.resampling import pool
from pytest_llmeval.records import Verdict

N_SUITES, N_CASES, N_TRIALS, N_EACH = 30, 20, 5, 30
MOST_APART = 0.12
FAULTS = {"one check of one case scores 0": "one broken", "every check scores 10 points lower": "-10 points"}


def is_red(baseline: Scores, session: Scores) -> bool:
    """Whether the gate calls a session worse than its baseline."""
    return trust.verdict_on(lines(baseline), lines(session)).verdict is Verdict.REGRESSED


def one_broken(rng: np.random.Generator, rates: Scores) -> Scores:
    """Some case never passes again; the command does not know which is the most stable."""
    changed = rates.copy()
    changed[rng.integers(len(rates))] = 0.0
    return changed


def main() -> int:
    """Print both rates of each change, and return 1 where they lie too far apart."""
    rng, kind = np.random.default_rng(SEED), KINDS["0/1"]
    dealt: dict[str, list[float]] = {}
    fresh: dict[str, list[float]] = {}
    for _ in range(N_SUITES):
        rates = kind.rates(rng, N_CASES)
        cases = pool([lines(kind.scores(rng, rates, N_TRIALS)) for _ in range(2)])
        dealt.setdefault("nothing changed", []).append(trust.false_alarms(cases, 2 * N_EACH).rate.share)
        for fault in trust.drawn_faults(cases, N_EACH):
            if fault.name in FAULTS:
                dealt.setdefault(FAULTS[fault.name], []).append(fault.found[-1].rate.share)
        for _ in range(N_EACH):
            baseline = kind.scores(rng, rates, N_TRIALS)
            changes = {
                "nothing changed": rates,
                "one broken": one_broken(rng, rates),
                "-10 points": lower_by(0.10)(rates),
            }
            for name, changed in changes.items():
                fresh.setdefault(name, []).append(is_red(baseline, kind.scores(rng, changed, N_TRIALS)))
    failed = False
    print(f"{N_SUITES} suites of {N_CASES} cases and {N_TRIALS} trials\n{'change':<18}{'dealt out':>10}{'fresh':>8}")
    for name, reds in fresh.items():
        one, other = float(np.mean(dealt[name])), float(np.mean(reds))
        print(f"{name:<18}{one:>10.1%}{other:>8.1%}")
        failed |= abs(one - other) > MOST_APART
    failed |= float(np.mean(dealt["nothing changed"])) > 0.05
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
