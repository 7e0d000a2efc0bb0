"""Session → the lines a person should look at first: what regressed, then what lies furthest below its threshold."""

from __future__ import annotations

from pytest_llmeval.records import CaseVerdict, Check, CheckId, Session, Verdict, tally
from pytest_llmeval.records.frozen import dataclass


@dataclass(frozen=True, kw_only=True)
class WorstLine:
    """One case by one metric that regressed or fell short.

    Args:
        id: test, case, metric and place.
        mean: over the scored trials, in [0, 1].
        n_passed, n_scored: trials that reach the threshold each, and all that were scored.
        is_below: whether they miss the threshold, or the share that ``require`` asks of them.
        check: the check of the lowest-scored trial, to be shown: threshold, reason, output and place.
        compared: what the gate says of the line, where it says something.
    """

    id: CheckId
    mean: float
    n_passed: int
    n_scored: int
    is_below: bool
    check: Check
    compared: CaseVerdict | None

    @property
    def is_regressed(self) -> bool:
        """Whether the gate calls this very line regressed."""
        return self.compared is not None and self.compared.verdict is Verdict.REGRESSED

    @property
    def shortfall(self) -> float:
        """How far the mean lies below the threshold, in [-1, 1]; positive is below."""
        return (self.check.threshold or 0.0) - self.mean


def worst_lines(session: Session) -> tuple[WorstLine, ...]:
    """Return the lines that regressed or are below, worst first; a line without a score is neither."""
    comparisons = session.verdict.comparisons if session.verdict else ()
    compared = {case.id: case for comparison in comparisons for case in comparison.cases}
    notable = [
        WorstLine(
            id=found.id,
            mean=mean,
            n_passed=found.n_reached,
            n_scored=len(found.scores),
            is_below=found.is_below,
            check=found.worst,
            compared=compared.get(found.id),
        )
        for result in session.results
        for found in tally(*result.id, result.trials, result.checks, arm=result.arm)
        if (mean := found.mean) is not None and (found.is_below or found.id in compared)
    ]
    shown = [line for line in notable if line.is_regressed or line.is_below]
    return tuple(sorted(shown, key=lambda line: (not line.is_regressed, -line.shortfall, line.id)))
