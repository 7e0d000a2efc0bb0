"""From the results of a session to the lines the gate compares."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.records import CaseResult, Check, CheckId, Draw, Line, Tally, Trial, TrialPlan, tally

if TYPE_CHECKING:
    from collections.abc import Sequence


def lines_of(session_id: str, results: Sequence[CaseResult]) -> tuple[Line, ...]:
    """Return one line for each check of each case, sorted by id.

    Args:
        session_id: the run that every draw is marked with.
        results: one a case; a skipped case has no lines.

    Returns:
        Lines whose draws are the scored trials in the order of their index; a trial that was cut short before it
        came to a check counts as unscored for every check that other trials of the case made.
    """
    lines = []
    for result in results:
        if result.outcome == "skipped":
            continue  # It may have made checks before it skipped itself; half a case is not the case.
        found = tally(*result.id, result.trials, result.checks, arm=result.arm)
        lines += [_line(session_id, result, one) for one in found]
    return tuple(sorted(lines, key=lambda line: line.id))


def first_drawn(lines: Sequence[Line], trials: TrialPlan | None) -> tuple[Line, ...]:
    """Return the lines without what was drawn again because the first trials looked bad: as a baseline stores them.

    Luck brings a retest as well as a fault does, and the lucky lines have none; all trials together lean upwards.

    Args:
        lines: of one session.
        trials: its plan; None where every case had its trials at once.
    """
    if trials is None or not trials.looks:
        return tuple(lines)
    return tuple(
        replace(line, draws=tuple(draw for draw in line.draws if draw.trial < trials.first(line.suite)))
        for line in lines
    )


def _line(session_id: str, result: CaseResult, found: Tally) -> Line:
    checks = found.checks
    # An unscored check may not know which version would have measured it.
    typical = next((check for check in checks if check.value is not None), checks[0])
    # A check over all trials belongs to none of them.
    places = [-1] * len(checks) if typical.is_case_level else _trials_that_made(result.trials, found.id)
    n_cut = sum(trial.is_unscored and not _made(trial, found.id) for trial in result.trials)
    return Line(
        id=found.id,
        suite=result.suite,
        draws=tuple(
            Draw(check.score.value, session_id, check.origin, place)
            for check, place in zip(checks, places, strict=True)
            if check.score.value is not None
        ),
        n_unscored=len(checks) - len(found.scores) + (0 if typical.is_case_level else n_cut),
        input_hash=result.input_hash,
        metric_version=typical.score.version,
        threshold=typical.threshold,
        require=typical.require,
        tags=result.tags,
        is_hard=typical.is_hard,
        is_case_level=typical.is_case_level,
        n_trials=typical.n_trials,
    )


def _trials_that_made(trials: Sequence[Trial], id_: CheckId) -> list[int]:
    """Return the index of the trial of each of the line's checks, in their order."""
    return [trial.index for trial in trials for check in trial.checks if _is_of(check, id_)]


def _made(trial: Trial, id_: CheckId) -> bool:
    return any(_is_of(check, id_) for check in trial.checks)


def _is_of(check: Check, id_: CheckId) -> bool:
    return (check.score.metric, check.nth) == (id_.metric, id_.nth)
