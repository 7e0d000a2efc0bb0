"""Lines of the baseline that a branch changed on purpose, and what its session is therefore compared with.

The base commit's baseline decides. A line that the branch accepted with a reason stands in for the base's own: the
case is held to what was accepted, so that it is neither red for the fall that was meant nor free to fall further.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.gate.words import count, names
from pytest_llmeval.records import AcceptedLine, Baseline, RefusedLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.records import Line

_MOST_LISTED = 10


class Held(NamedTuple):
    """What a branch is compared with: the base's baseline with the accepted lines in it, and who they are."""

    baseline: Baseline
    accepted: tuple[AcceptedLine, ...] = ()
    refused: tuple[RefusedLine, ...] = ()


def hold(base: Baseline, own: Baseline, *, today: str) -> Held:
    """Put the branch's accepted lines in the place of the base's.

    Args:
        base: of the base commit.
        own: of the branch.
        today: ISO date; an acceptance counts up to and including the day on which it expires.

    Returns:
        A line of the branch counts where it differs from the base's and carries an acceptance that the base's does not
        have. One without a reason, and one that has expired, is refused: the base's line decides. A line that the
        branch deleted stays as the base has it.
    """
    lines, runs = dict(base.lines), dict(base.runs)
    accepted, refused = [], []
    for id_, line in sorted(own.lines.items()):
        before = base.lines.get(id_)
        if line == before:
            continue
        why = _why_not(line, before, today)
        if why:
            refused.append(RefusedLine(id=id_, why=why))
            continue
        assert line.acceptance is not None  # noqa: S101 - one without was refused
        lines[id_] = line
        runs |= {draw.run: own.runs[draw.run] for draw in line.draws if draw.run in own.runs}
        accepted.append(
            AcceptedLine(
                id=id_, before=_mean(before) if before else None, after=_mean(line), acceptance=line.acceptance
            )
        )
    return Held(Baseline(lines=lines, runs=runs), tuple(accepted), tuple(refused))


def with_thresholds_of(base: Baseline, lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return a session's lines with the thresholds that the base's lines have, for a fork that may not change them."""
    return tuple(
        replace(line, threshold=base.lines[line.id].threshold) if line.id in base.lines else line for line in lines
    )


def acceptance_sentences(accepted: Sequence[AcceptedLine], refused: Sequence[RefusedLine]) -> Iterator[str]:
    """Say what was accepted, the largest falls first, and what was changed without effect."""
    ordered = sorted(accepted, key=lambda one: (one.after - _or(one.before, one.after), one.id))
    for one in ordered[:_MOST_LISTED]:
        moved = f"{one.before:.2f} -> {one.after:.2f}" if one.before is not None else f"new, {one.after:.2f}"
        said = one.acceptance
        until = f", until {said.expires}" if said.expires else ""
        yield f"ACCEPTED {one.id}: {moved} ({said.reason}; {said.author}{until})."
    if len(ordered) > _MOST_LISTED:
        more = len(ordered) - _MOST_LISTED
        yield f"ACCEPTED and {count(more, 'more line')}, none of which fell further."
    whys: dict[str, list[str]] = {}
    for line in refused:
        whys.setdefault(line.why, []).append(str(line.id))
    for why, ids in whys.items():
        yield f"NOT ACCEPTED {names(ids)}: {why}, so the base commit's scores decide."


def _why_not(line: Line, before: Line | None, today: str) -> str:
    """Say why a changed line does not count; empty where it does."""
    accepted = line.acceptance
    if accepted is None or (before is not None and accepted == before.acceptance):
        return "this branch changed it without a reason"
    if not accepted.reason.strip() or not accepted.author.strip():
        return "its acceptance names no reason, or no author"
    if accepted.is_expired(today):
        return f"its acceptance expired on {accepted.expires}"
    return ""


def _mean(line: Line) -> float:
    return math.fsum(line.scores) / len(line.draws)


def _or(value: float | None, other: float) -> float:
    return other if value is None else value
