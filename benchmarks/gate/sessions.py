"""One adaptive session as pytest would run it: workers retest by the plan, rounds follow until it is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suites import SUITE, line, lines

from pytest_llmeval.gate import compare_all, decide, next_round, next_trials, plan
from pytest_llmeval.records import Baseline, Line, SessionVerdict, TrialPlan

if TYPE_CHECKING:
    from suites import Scores

MOST_TRIALS = 20


def run(baseline: Scores, stream: Scores, *, until_decided: bool) -> tuple[SessionVerdict, float]:
    """Run a session; return its verdict and the trials it cost, a case.

    Args:
        baseline: scores on main, a row a case.
        stream: what each case would score in its next 20 trials.
        until_decided: whether whole-suite rounds follow.
    """
    stored = Baseline(lines={one.id: one for one in lines(baseline)})
    known = list(stored.lines.values())
    current: TrialPlan | None = plan(known, trials="auto", until_decided=until_decided)
    drawn = [0] * len(known)
    while True:
        now = [_drawn(known[case], row, drawn, case, current) for case, row in enumerate(stream)]
        verdict = decide(compare_all(stored, now, trials=current))
        step = next_round(current, verdict.comparisons)
        if not until_decided or step.plan is None:
            return verdict, sum(drawn) / len(drawn)
        current = step.plan


def _drawn(before: Line, row: Scores, drawn: list[int], case: int, current: TrialPlan) -> Line:
    """Draw one case as its worker would, by its own lines alone."""
    now = line(case, row[: drawn[case]])
    while True:
        wanted = next_trials([before], [now] if drawn[case] else [], current, suite=SUITE)
        if wanted == drawn[case]:
            return now
        drawn[case] = wanted
        now = line(case, row[:wanted])
