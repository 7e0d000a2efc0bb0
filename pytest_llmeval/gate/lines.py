"""From the results of a session to the lines the gate compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.records import CaseResult, Check, CheckId, Draw, Line

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
        gathered: dict[CheckId, list[Check]] = {}
        per_trial = [check for trial in result.trials for check in trial.checks]
        for check in [*per_trial, *result.checks]:
            id_ = CheckId(result.id.test, result.id.case, check.score.metric, check.nth)
            gathered.setdefault(id_, []).append(check)
        n_cut = sum(trial.is_unscored for trial in result.trials)
        lines += [_line(session_id, result, id_, checks, n_cut) for id_, checks in gathered.items()]
    return tuple(sorted(lines, key=lambda line: line.id))


def _line(session_id: str, result: CaseResult, id_: CheckId, checks: list[Check], n_cut: int) -> Line:
    # An unscored check may not know which version would have measured it.
    typical = next((check for check in checks if check.value is not None), checks[0])
    return Line(
        id=id_,
        suite=result.suite,
        draws=tuple(Draw(c.score.value, session_id, c.origin) for c in checks if c.score.value is not None),
        n_unscored=sum(c.score.value is None for c in checks) + (0 if typical.is_case_level else n_cut),
        input_hash=result.input_hash,
        metric_version=typical.score.version,
        threshold=typical.threshold,
        is_case_level=typical.is_case_level,
        n_trials=typical.n_trials,
    )
