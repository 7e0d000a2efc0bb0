"""Does the gate keep its error rates? Simulated suites through the public functions, peers' rules beside ours.

    python -m tox run -e bench-gate [-- --suites N --sessions N --jobs N --only TABLE,...]

The last three tables run real pytest processes against a provider on loopback that tosses coins.

Exits with 1 if a target of GATE section 8 is missed: a null cell whose exact 99 % interval lies above 5 %, a power
floor above its exact 99 % interval, wrong names or wrong "unchanged" whose interval lies above 5 %, more calls than
allowed, or more than 1 CPU second for 1,000 cases of 10 against 10 trials; and where equal arms are told apart in more
than 5 % of comparisons, or better arms not found.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH leaves it out, and the wheel is what is measured

import adaptive
import arms
import end_to_end
import fixed
import shocks
from cells import Cell, Outcome, simulate
from end_to_end import Drawn, Seen
from report import Report

DEFAULT = 150
DEFAULT_SESSIONS = 24
BROKEN_AMONG = 4  # of so many sessions in which nothing changed, one in which a case broke


def main() -> int:
    """Run the tables; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", type=int, default=DEFAULT, help=f"simulated suites a cell (default {DEFAULT})")
    parser.add_argument(
        "--sessions", type=int, default=DEFAULT_SESSIONS, help=f"real pytest sessions (default {DEFAULT_SESSIONS})"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--only", default="", help="tables, by commas; all by default")
    chosen = parser.parse_args()
    report = Report()
    start = time.monotonic()
    with ProcessPoolExecutor(chosen.jobs) as pool:

        def parallel(cells: Sequence[Cell]) -> Iterable[Outcome]:
            return pool.map(simulate, cells)

        def draw(drawn: Sequence[Drawn]) -> Iterable[Seen]:
            return pool.map(end_to_end.draw, drawn)

        n_broken = max(2, chosen.sessions // BROKEN_AMONG)
        tables = {
            "speed": lambda: fixed.speed(report),
            "null": lambda: fixed.nothing_changed(report, parallel, chosen.suites),
            "power": lambda: fixed.something_changed(report, parallel, chosen.suites),
            "unchanged": lambda: fixed.wrongly_unchanged(report, parallel, chosen.suites),
            "auto-null": lambda: adaptive.nothing_changed(report, parallel, chosen.suites),
            "auto": lambda: adaptive.targets(report, parallel, chosen.suites),
            "before": lambda: adaptive.against_before(report, parallel, chosen.suites),
            "shocks": lambda: shocks.table(report, chosen.suites),
            "real-null": lambda: end_to_end.nothing_changed(report, draw, chosen.sessions),
            "real-broken": lambda: end_to_end.one_broken(report, draw, n_broken),
            "real-ways": lambda: end_to_end.every_way_the_same(report, draw),
            "arms-null": lambda: arms.nothing_differs(report, pool.map, chosen.suites),
            "arms": lambda: arms.something_differs(report, pool.map, chosen.suites),
            "arms-early": lambda: arms.stopped_early(report, pool.map, chosen.suites),
        }
        names = chosen.only.split(",") if chosen.only else list(tables)
        if unknown := [name for name in names if name not in tables]:
            parser.error(f"no table {unknown[0]!r}; there are {', '.join(tables)}")
        for name in names:
            began = time.monotonic()
            tables[name]()
            print(f"[{name}: {time.monotonic() - began:.0f} s]", flush=True)
    print(f"\n{chosen.suites} suites a cell, {chosen.sessions} real sessions, {time.monotonic() - start:.0f} s")
    print("\n".join(f"MISSED {what}" for what in report.missed) or "every target is kept")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
