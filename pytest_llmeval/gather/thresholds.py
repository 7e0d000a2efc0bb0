"""Pass or fail of one case by its thresholds: over all trials, check by check.

A check compares the mean over its scored trials with its threshold; with ``require=r`` a share r of its scored trials
must reach the threshold each. A check without a scored trial neither passes nor fails: it is unscored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pytest_llmeval.records import Check, CheckId, Trial

ANSWER_HEAD = 200


@dataclass(frozen=True, kw_only=True)
class Tally:
    """One check over all trials of its case; ``checks`` holds at least one."""

    id: CheckId
    checks: tuple[Check, ...]

    @property
    def scores(self) -> tuple[float, ...]:
        """Values of the scored trials, in their order."""
        return tuple(check.score.value for check in self.checks if check.score.value is not None)

    @property
    def mean(self) -> float | None:
        """Mean over the scored trials, None if there is none."""
        return math.fsum(self.scores) / len(self.scores) if self.scores else None

    @property
    def worst(self) -> Check:
        """The check of the lowest-scored trial: the one to show."""
        return min(self.checks, key=lambda check: 2.0 if check.score.value is None else check.score.value)

    @property
    def is_hard(self) -> bool:
        """Whether it fails its test whatever the baseline says."""
        return self.worst.is_hard or self.worst.require is not None

    @property
    def is_below(self) -> bool:
        """Whether the scored trials miss the threshold."""
        threshold, require, mean = self.worst.threshold, self.worst.require, self.mean
        if threshold is None or mean is None:
            return False
        if require is None:
            return mean < threshold
        return sum(score >= threshold for score in self.scores) < require * len(self.scores) - 1e-9


def tally(test: str, case: str, trials: Sequence[Trial], case_checks: Iterable[Check]) -> tuple[Tally, ...]:
    """Group the checks of all trials by their id, in the order in which they were first made."""
    groups: dict[CheckId, list[Check]] = {}
    every = [check for trial in trials for check in trial.checks]
    for check in [*every, *case_checks]:
        groups.setdefault(CheckId(test, case, check.score.metric, check.nth), []).append(check)
    return tuple(Tally(id=id_, checks=tuple(checks)) for id_, checks in groups.items())


def failing(tallies: Iterable[Tally], is_held: Callable[[Tally], bool]) -> tuple[Tally, ...]:
    """Return the checks that fail their test.

    Args:
        tallies: all checks of the case.
        is_held: whether the gate decides on a check, and not its threshold; never asked for hard checks.
    """
    return tuple(t for t in tallies if t.is_below and (t.is_hard or not is_held(t)))


def message(failures: Sequence[Tally]) -> str:
    """Say what failed: metric, score, threshold, reason, head of the answer; with its line where there are several."""
    return "\n".join(_paragraph(failure, with_place=len(failures) > 1) for failure in failures)


def _paragraph(failure: Tally, *, with_place: bool) -> str:
    check = failure.worst
    threshold = check.threshold or 0.0
    if check.require is None:
        found = f"{failure.mean:.2f} is below its threshold {threshold:.2f}"
    else:
        n_reached = sum(score >= threshold for score in failure.scores)
        found = (
            f"reached {threshold:.2f} in {n_reached} of {len(failure.scores)} trials, "
            f"and {check.require:.0%} of them are required"
        )
    lines = [f"{check.score.metric} {found}{_spread(failure)}"]
    if check.score.reason:
        lines.append(f"  reason: {check.score.reason}")
    if check.output:
        lines.append(f"  answer: {head(check.output)}")
    if with_place and check.place.line:
        lines.append(f"  at {check.place.path}:{check.place.line}: {check.place.source}")
    return "\n".join(lines)


def _spread(failure: Tally) -> str:
    if len(failure.scores) < 2:  # noqa: PLR2004 - one score has no spread
        return ""
    shown = " ".join(f"{score:.2f}" for score in failure.scores[:10])
    more = " …" if len(failure.scores) > 10 else ""  # noqa: PLR2004 - ten fit a line
    return f" (mean of {len(failure.scores)} trials: {shown}{more})"


def head(text: str, length: int = ANSWER_HEAD) -> str:
    """Return the start of a model's text on one line, with nothing in it that a terminal would obey."""
    flat = " ".join(text[: 2 * length].split())
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)
    return f"{shown[:length]}…" if len(shown) > length or len(text) > 2 * length else shown
