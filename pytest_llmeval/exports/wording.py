"""Figures → words, the same in every export that a person reads; text of others is not made inert here."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmeval.exports.usage import Usage
    from pytest_llmeval.exports.worst import WorstLine
    from pytest_llmeval.records import Comparison, Session, Summary

_N_NAMED = 3


def count(number: int, noun: str) -> str:
    """Return "1 case", "2 cases"; the noun is regular."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def join(names: Iterable[str]) -> str:
    """Return "a", "a and b", "a, b and c", "a, b, c and 4 more"."""
    every = list(names)
    shown = every[:_N_NAMED]
    if len(every) > _N_NAMED:
        shown.append(f"{len(every) - _N_NAMED} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def points(share: float) -> str:
    """Return a difference of scores in points of a hundred, such as "6.1 points" or "1 point"."""
    number = f"{100 * share:z.1f}".removesuffix(".0")
    return f"{number} point" if number == "1" else f"{number} points"


def label(comparison: Comparison, *, with_suite: bool) -> str:
    """Name a comparison by its metric, after its suite where there are several; a suite called as its metric once."""
    has_suite = with_suite and comparison.suite not in ("", comparison.metric)
    named = f"{comparison.suite} {comparison.metric}" if has_suite else comparison.metric
    return f"{named} @{comparison.arm}" if comparison.arm else named


def uncalibrated(session: Session) -> str:
    """Say of which judged metrics nobody knows how far they agree with people."""
    return (
        f"uncalibrated: {join(session.uncalibrated)}; no agreement of this judge with people is stored "
        "(llmeval judge check)"
    )


def outcome(session: Session) -> str:
    """Say how a session ended in a word or two: its verdict, where there can be one."""
    if session.shard is not None:
        return str(session.shard)
    if session.verdict is None:
        return "no gate" if not session.exit_status else "failed"
    return "no verdict" if session.verdict.invalid or session.lost else session.verdict.verdict.value


def without_gate(session: Session, n_below: int) -> str:
    """Say what decided where no baseline was compared with, and what became of the cases.

    Args:
        session: without a verdict.
        n_below: its checks that are below their threshold, each counted once over its trials.
    """
    if session.shard is not None:
        return f"{session.shard}: {count(len(session.results), 'case')} ran"
    if session.settings.get("baseline_update"):
        ran = f"{count(len(session.results), 'case')} ran"
        return (
            f"baseline update: thresholds did not decide, {ran}, {count(n_below, 'check')} below "
            f"{'its threshold' if n_below == 1 else 'their threshold'}"
        )
    outcomes = Counter(result.outcome for result in session.results)
    n_planned = max(len(session.plan.cases), len(session.results))
    words = ("failed", "unscored", "skipped", "xfailed")
    others = "".join(f", {outcomes[word]} {word}" for word in words if outcomes[word])
    return f"no gate: thresholds decided, {outcomes['passed']} of {count(n_planned, 'case')} passed{others}"


def figures(summary: Summary, comparison: Comparison | None) -> dict[str, str]:
    """Return what stands in a row of a table, by the heads of its columns."""
    n_trials = summary.n_scored + summary.n_unscored
    return {
        "mean": "-" if summary.mean is None else f"{summary.mean:.3f}",
        "95 % interval": "-"
        if summary.low is None or summary.high is None
        else f"{summary.low:.3f} to {summary.high:.3f}",
        "baseline": "-"
        if comparison is None or comparison.baseline_mean is None
        else f"{comparison.baseline_mean:.3f}",
        "change": "-" if comparison is None else change(comparison),
        "could show": "-" if comparison is None or comparison.mde is None else could_show(comparison.mde),
        "scored": f"{summary.n_scored} of {n_trials}" if summary.n_unscored else f"{summary.n_scored}",
    }


def could_show(mde: float) -> str:
    """Return the smallest change for the worse that a run would have found 4 times in 5, on the scale of the mean."""
    return f"{-mde:.3f}" if mde < 1.0 else "none"


def change(comparison: Comparison) -> str:
    """Return the change of the mean, positive is better, and the verdict; the verdict alone where nothing compares."""
    if comparison.current_mean is None or comparison.baseline_mean is None or not comparison.n_compared:
        return comparison.verdict.value
    return f"{comparison.current_mean - comparison.baseline_mean:+z.3f} {comparison.verdict}"


def interval(comparison: Comparison) -> Iterator[str]:
    """Say how sure the change of the mean is, and what this run could have found; positive is better."""
    if comparison.low is not None and comparison.high is not None:
        low, high = -comparison.high, -comparison.low
        found = "" if comparison.mde is None else f"; a drop of {comparison.mde:.3f} would be found 4 times in 5"
        yield f"the mean changed by {-comparison.drop:+z.3f} (between {low:+z.3f} and {high:+z.3f}){found}"


def standing(line: WorstLine) -> str:
    """Say a line's mean against its threshold, and against the baseline where the gate speaks of it."""
    threshold, require = line.check.threshold, line.check.require
    text = f"{line.mean:.3f}"
    if threshold is not None:
        text += f", threshold {threshold:g}"
        if line.n_scored > 1:
            text += f", {line.n_passed} of {line.n_scored} reach it"
    if require is not None:
        text += f" ({require:.0%} must)"
    if line.compared is not None:
        text += f"; {line.compared.verdict}: {line.compared.baseline_mean:.3f} on the baseline"
    return text


def reasons(session: Session) -> Iterator[str]:
    """Yield why there is no score, once for each that ``Session.coverage`` misses."""
    for result in session.results:
        if result.outcome == "skipped":
            continue
        for trial in result.trials:
            yield from (check.score.reason for check in trial.checks if check.value is None)
            if trial.is_unscored:
                yield trial.error
        yield from (check.score.reason for check in result.checks if check.value is None and check.n_trials > 1)


def tokens(bought: Usage, replayed: Usage) -> str:
    """Say the tokens in and out, of what was bought and of what was replayed, and for how many they are unknown."""
    said = [_tokens(used) + word for used, word in ((bought, ""), (replayed, " (replayed)")) if used.n_answers]
    return "; ".join(said)


def _tokens(used: Usage) -> str:
    if used.n_uncounted == used.n_answers:
        return f"unknown for {count(used.n_answers, 'answer')}"
    unknown = f", unknown for {count(used.n_uncounted, 'answer')}" if used.n_uncounted else ""
    return f"{used.n_input_tokens:,} in, {used.n_output_tokens:,} out{unknown}"


def cost(bought: Usage, replayed: Usage) -> str:
    """Say what was paid, and what the replayed answers once cost; an unknown price is never $0."""
    said = [_price(bought, "answer")] if bought.n_answers else ["nothing was bought"]
    if replayed.n_answers:
        said.append(_price(replayed, "replayed answer", once="the replayed answers once cost "))
    return "; ".join(said)


def _price(used: Usage, noun: str, *, once: str = "") -> str:
    verb = "has" if used.n_unpriced == 1 else "have"
    if used.cost_usd is None:
        return f"{count(used.n_unpriced, noun)} {verb} no known price"
    unknown = f", and {used.n_unpriced} more {verb} no known price" if used.n_unpriced else ""
    return f"{once}${used.cost_usd:.4f}{unknown}"
