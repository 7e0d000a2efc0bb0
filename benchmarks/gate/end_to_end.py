"""The gate as a user meets it: a real pytest draws a baseline, another one is red or green. Nothing is simulated.

Every session has a baseline of its own. A false alarm is an accident of both draws, and one unlucky baseline under many
sessions would be counted once for each of them; so drawn, the sessions are independent and their interval is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from coins import N_ON_MAIN, SERIAL, TWO_WORKERS, Session, project
from report import bounds
from suites import CHANGES, KINDS, SEED

if TYPE_CHECKING:
    from report import Report

LEVEL = 0.05
FLOOR = 0.95
MOST_CALLS = 2.0

# kind, cases
NULL = (("0/1", 30), ("0/1 flaky", 30))
BROKEN = ("0/1", 100)
N_SAME = 2


@dataclass(frozen=True)
class Drawn:
    """One baseline, and the session or the sessions that are compared with it.

    Args:
        kind, change: names in ``suites``.
        n: cases.
        number: of the draw; another one has other rates and other tosses.
        ways: in which processes it is drawn and run: once for each.
    """

    kind: str
    change: str
    n: int
    number: int
    ways: tuple[tuple[str, ...], ...] = (SERIAL,)


@dataclass(frozen=True)
class Seen:
    """The sessions of a draw, one a way, and the cases that were broken."""

    sessions: tuple[Session, ...]
    broken: frozenset[int]


Draw = Callable[[Sequence[Drawn]], Iterable[Seen]]


def draw(drawn: Drawn) -> Seen:
    """Run the processes of one draw; the same draw gives the same outcome."""
    content = [SEED, crc32(f"{drawn.kind} {drawn.change}".encode()), drawn.n, drawn.number]
    rng = np.random.default_rng(content)
    rates = KINDS[drawn.kind].rates(rng, drawn.n)
    changed = CHANGES[drawn.change](rates)
    seed = int(rng.integers(2**32))
    sessions = []
    for way in drawn.ways:
        with project(seed, rates, changed) as made:
            made.draw_baseline(way)
            sessions.append(made.run_session(way))
    return Seen(tuple(sessions), frozenset(np.flatnonzero(changed < rates).tolist()))


def nothing_changed(report: Report, run: Draw, n_sessions: int) -> None:
    """Print how often a session is red that draws from the same coins as its baseline."""
    print(
        f"\nReal pytest, nothing changed: --llmeval-trials=auto, a new baseline of {N_ON_MAIN} trials for each session"
    )
    print(f"{'suite':<34}{'red':<12}{'limit 5 % (exact 99 %)':<28}{'exact 95 %':<20}{'calls a case'}")
    cells = [(kind, n, number) for kind, n in NULL for number in range(math.ceil(n_sessions / len(NULL)))]
    drawn = [Drawn(kind, "nothing changed", n, number) for kind, n, number in cells]
    reds: dict[str, list[bool]] = {}
    calls: dict[str, list[float]] = {}
    for one, seen in zip(drawn, run(drawn), strict=True):
        for row in (f"{one.kind} n={one.n}", "all"):
            reds.setdefault(row, []).append(seen.sessions[0].is_red)
            calls.setdefault(row, []).append(seen.sessions[0].n_calls / one.n)
    for row in sorted(reds, key="all".__eq__):
        red, n = sum(reds[row]), len(reds[row])
        said = report.at_most(f"red, real pytest, {row}", red, n, LEVEL)
        low, high = bounds(red, n, 0.95)
        narrow = f"{low:.1%} to {high:.1%}"
        print(f"{row:<34}{f'{red} of {n}':<12}{said:<28}{narrow:<20}{np.mean(calls[row]):.2f}")


def one_broken(report: Report, run: Draw, n_sessions: int) -> None:
    """Print how often the session is red and its file names the one broken case."""
    kind, n = BROKEN
    print(f"\nReal pytest, one of {n} cases broke: {N_ON_MAIN} trials on main, --llmeval-trials=auto")
    print(f"{'suite':<34}{'found':<12}{f'floor {FLOOR:.0%}':<28}{'wrong names':<13}{'calls a case'}")
    every = list(run([Drawn(kind, "one broken", n, number) for number in range(n_sessions)]))
    found = sum(seen.sessions[0].is_red and seen.broken <= seen.sessions[0].named for seen in every)
    wrong = sum(bool(seen.sessions[0].named - seen.broken) for seen in every)
    calls = [seen.sessions[0].n_calls / n for seen in every]
    said = report.at_least("found, real pytest, one broken", found, len(every), FLOOR)
    error = float(np.std(calls, ddof=1)) / len(calls) ** 0.5
    cost = report.cost("calls a case, real pytest, one broken", float(np.mean(calls)), error, MOST_CALLS)
    report.at_most("wrong names, real pytest, one broken", wrong, len(every), LEVEL)
    print(f"{f'{kind} n={n}':<34}{f'{found} of {len(every)}':<12}{said:<28}{wrong:<13}{cost}")


def every_way_the_same(report: Report, run: Draw) -> None:
    """Print what the same coins come to in one process and in two workers."""
    print("\nReal pytest, the same coins in one process and with -n 2")
    print(f"{'draw':<40}{'in one process':<40}{'-n 2'}")
    cells = (("0/1 flaky", "nothing changed", 30), ("0/1", "one broken", 100), ("0/1", "tenth broken", 30))
    ways = (SERIAL, TWO_WORKERS)
    drawn = [Drawn(*cell, number, ways) for cell in cells for number in range(N_SAME)]
    for one, seen in zip(drawn, run(drawn), strict=True):
        label = f"{one.kind} n={one.n}, {one.change}, {one.number}"
        serial, parallel = seen.sessions
        is_same = report.same(f"real pytest, {label}", serial, parallel)
        print(f"{label:<40}{_in_words(serial):<40}{'the same' if is_same else f'MISSED {_in_words(parallel)}'}")


def _in_words(session: Session) -> str:
    named = f", names {', '.join(map(str, sorted(session.named)))}" if session.named else ""
    return f"{session.verdict}{named}, {session.n_calls} calls"
