"""From the results of a session to the lines the gate compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.records import CaseResult, CheckId, Draw, Line, Tally, Trial, tally

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
        found = tally(result.id.test, result.id.case, result.trials, result.checks)
        lines += [_line(session_id, result, one) for one in found]
    return tuple(sorted(lines, key=lambda line: line.id))


def _line(session_id: str, result: CaseResult, found: Tally) -> Line:
    checks = found.checks
    # An unscored check may not know which version would have measured it.
    typical = next((check for check in checks if check.value is not None), checks[0])
    n_cut = sum(trial.is_unscored and not _made(trial, found.id) for trial in result.trials)
    return Line(
        id=found.id,
        suite=result.suite,
        draws=tuple(Draw(c.score.value, session_id, c.origin) for c in checks if c.score.value is not None),
        n_unscored=len(checks) - len(found.scores) + (0 if typical.is_case_level else n_cut),
        input_hash=result.input_hash,
        metric_version=typical.score.version,
        threshold=typical.threshold,
        require=typical.require,
        is_hard=typical.is_hard,
        is_case_level=typical.is_case_level,
        n_trials=typical.n_trials,
    )


def _made(trial: Trial, id_: CheckId) -> bool:
    return any((check.score.metric, check.nth) == (id_.metric, id_.nth) for check in trial.checks)
