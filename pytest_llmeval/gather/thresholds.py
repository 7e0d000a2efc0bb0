"""Tallies of one case → which of them fail its test, and the message that says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from pytest_llmeval.records import Tally

ANSWER_HEAD = 200
REASON_HEAD = 1000
# Azure Pipelines and TeamCity obey it anywhere in a line; on our own page ``exports.inert`` breaks it.
_COMMAND = re.compile(r"##(?=\w*\[)")


def failing(tallies: Iterable[Tally], is_held: Callable[[Tally], bool]) -> tuple[Tally, ...]:
    """Return the checks that fail their test.

    Args:
        tallies: all checks of the case.
        is_held: whether the gate decides on a check, and not its threshold; never asked for hard checks.
    """
    return tuple(t for t in tallies if t.is_below and (t.is_hard or not is_held(t)))


def message(failures: Sequence[Tally]) -> str:
    """Say what failed: metric, score, threshold, reason, head of the answer; with its line where there are several."""
    from pytest_llmeval.calls.guard import masked

    return masked("\n".join(_paragraph(failure, with_place=len(failures) > 1) for failure in failures))


def _paragraph(failure: Tally, *, with_place: bool) -> str:
    check = failure.worst
    threshold = check.threshold or 0.0
    if check.require is None:
        found = f"{failure.mean:.2f} is below its threshold {threshold:.2f}"
    else:
        found = (
            f"reached {threshold:.2f} in {failure.n_reached} of {len(failure.scores)} trials, "
            f"and {check.require:.0%} of them are required"
        )
    lines = [f"{head(check.score.metric)} {found}{_spread(failure)}"]
    if check.score.reason:
        lines.append(f"  reason: {head(check.score.reason, REASON_HEAD)}")
    if check.output:
        lines.append(f"  answer: {head(check.output)}")
    if with_place and check.place.line:
        lines.append(f"  at {check.place.path}:{check.place.line}: {head(check.place.source)}")
    return "\n".join(lines)


def _spread(failure: Tally) -> str:
    if len(failure.scores) < 2:  # noqa: PLR2004 - one score has no spread
        return ""
    shown = " ".join(f"{score:.2f}" for score in failure.scores[:10])
    more = " …" if len(failure.scores) > 10 else ""  # noqa: PLR2004 - ten fit a line
    return f" (mean of {len(failure.scores)} trials: {shown}{more})"


def head(text: str, length: int = ANSWER_HEAD) -> str:
    """Return the start of a model's text on one line, with nothing in it that a terminal or a CI system would obey."""
    flat = _COMMAND.sub("# #", " ".join(text[: 2 * length].split()))
    shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)
    return f"{shown[:length]}…" if len(shown) > length or len(text) > 2 * length else shown
