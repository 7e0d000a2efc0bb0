"""Session → the lines a person should look at first: what regressed, then what lies furthest below its threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pytest_llmeval.records import CaseVerdict, Check, CheckId, Session, Verdict


@dataclass(frozen=True, kw_only=True)
class WorstLine:
    """One case by one metric that regressed or fell short.

    Args:
        id: test, case, metric and place.
        mean: over the scored trials, in [0, 1].
        n_passed, n_scored: trials that reach the threshold each, and all that were scored.
        check: the check of the lowest-scored trial, to be shown: threshold, reason, output and place.
        compared: what the gate says of the line, where it says something.
    """

    id: CheckId
    mean: float
    n_passed: int
    n_scored: int
    check: Check
    compared: CaseVerdict | None

    @property
    def is_regressed(self) -> bool:
        """Whether the gate calls this very line regressed."""
        return self.compared is not None and self.compared.verdict is Verdict.REGRESSED

    @property
    def is_below(self) -> bool:
        """Whether the scored trials miss the threshold, or the share that ``require`` asks of them."""
        threshold, require = self.check.threshold, self.check.require
        if threshold is None:
            return False
        if require is None:
            return self.mean < threshold
        # A share such as 0.9 has no exact float: 9 of 10 must reach it.
        return self.n_passed < require * self.n_scored - 1e-9

    @property
    def shortfall(self) -> float:
        """How far the mean lies below the threshold, in [-1, 1]; positive is below."""
        return (self.check.threshold or 0.0) - self.mean


def worst_lines(session: Session) -> tuple[WorstLine, ...]:
    """Return the lines that regressed or are below, worst first; a line without a score is neither."""
    comparisons = session.verdict.comparisons if session.verdict else ()
    compared = {case.id: case for comparison in comparisons for case in comparison.cases}
    lines = [_measure(id_, checks, compared.get(id_)) for id_, checks in _scored(session).items()]
    notable = [line for line in lines if line.is_regressed or line.is_below]
    return tuple(sorted(notable, key=lambda line: (not line.is_regressed, -line.shortfall, line.id)))


def _scored(session: Session) -> dict[CheckId, list[tuple[float, Check]]]:
    lines: dict[CheckId, list[tuple[float, Check]]] = {}
    for result in session.results:
        for check in [*(check for trial in result.trials for check in trial.checks), *result.checks]:
            if check.value is not None:
                id_ = CheckId(*result.id, check.score.metric, check.nth)
                lines.setdefault(id_, []).append((check.value, check))
    return lines


def _measure(id_: CheckId, scored: list[tuple[float, Check]], compared: CaseVerdict | None) -> WorstLine:
    return WorstLine(
        id=id_,
        mean=math.fsum(value for value, _ in scored) / len(scored),
        n_passed=sum(bool(check) for _, check in scored),
        n_scored=len(scored),
        check=min(scored, key=lambda pair: pair[0])[1],
        compared=compared,
    )
