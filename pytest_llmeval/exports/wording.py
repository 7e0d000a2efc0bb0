"""Figures → words, the same in every export that a person reads; text of others is not made inert here."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmeval.exports.usage import Usage
    from pytest_llmeval.exports.worst import WorstLine
    from pytest_llmeval.records import Comparison, Session, Summary


def count(number: int, noun: str) -> str:
    """Return "1 case", "2 cases"; the noun is regular."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def passed(session: Session) -> str:
    """Say how many of the planned cases passed, and what became of the others that ran."""
    outcomes = Counter(result.outcome for result in session.results)
    n_planned = max(len(session.plan.cases), len(session.results))
    others = "".join(f", {outcomes[word]} {word}" for word in ("failed", "skipped", "xfailed") if outcomes[word])
    return f"{outcomes['passed']} of {count(n_planned, 'case')} passed{others}"


def figures(summary: Summary, comparison: Comparison | None) -> tuple[str, ...]:
    """Return mean, interval, baseline, change and scored as they stand in a row of a table."""
    n_trials = summary.n_scored + summary.n_unscored
    return (
        "-" if summary.mean is None else f"{summary.mean:.3f}",
        "-" if summary.low is None or summary.high is None else f"{summary.low:.3f} to {summary.high:.3f}",
        "-" if comparison is None or comparison.baseline_mean is None else f"{comparison.baseline_mean:.3f}",
        "-" if comparison is None else change(comparison),
        f"{summary.n_scored} of {n_trials}" if summary.n_unscored else f"{summary.n_scored}",
    )


def change(comparison: Comparison) -> str:
    """Return the change of the mean, positive is better, and the verdict; the verdict alone where nothing compares."""
    return f"{-comparison.drop:+z.3f} {comparison.verdict}" if comparison.n_compared else comparison.verdict.value


def interval(comparison: Comparison) -> Iterator[str]:
    """Say how sure the change of the mean is, and what this run could have found; positive is better."""
    if comparison.low is not None and comparison.high is not None:
        low, high = -comparison.high, -comparison.low
        yield f"the mean changed by {-comparison.drop:+z.3f} (between {low:+z.3f} and {high:+z.3f})"
    if comparison.mde is not None:
        yield f"a drop of {comparison.mde:.3f} would be found 4 times in 5"


def standing(line: WorstLine) -> str:
    """Say a line's mean against its threshold, and against the baseline where the gate speaks of it."""
    threshold, require = line.check.threshold, line.check.require
    text = f"{line.mean:.3f}"
    if threshold is not None:
        text += f", threshold {threshold:g}, {line.n_passed} of {line.n_scored} reach it"
    if require is not None:
        text += f" ({require:.0%} must)"
    if line.compared is not None:
        text += f"; {line.compared.verdict}: {line.compared.baseline_mean:.3f} on the baseline"
    return text


def reasons(session: Session) -> Iterator[str]:
    """Yield why there is no score, once for each that is missing."""
    for result in session.results:
        for trial in result.trials:
            yield from (check.score.reason for check in trial.checks if check.value is None)
            if trial.is_unscored:
                yield trial.error
        yield from (check.score.reason for check in result.checks if check.value is None)


def tokens(used: Usage) -> str:
    """Say the tokens in and out, and for how many answers they are unknown."""
    unknown = f", unknown for {count(used.n_uncounted, 'answer')}" if used.n_uncounted else ""
    return f"{used.n_input_tokens:,} in, {used.n_output_tokens:,} out{unknown}"


def cost(used: Usage) -> str:
    """Say the known price, and for how many answers it is unknown; an unknown price is never $0."""
    if used.cost_usd is None:
        return f"price unknown for {count(used.n_unpriced, 'answer')}"
    unknown = f", price unknown for {count(used.n_unpriced, 'answer')}" if used.n_unpriced else ""
    return f"${used.cost_usd:.4f}{unknown}"
