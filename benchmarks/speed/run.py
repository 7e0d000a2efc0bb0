"""How fast are we, against what cannot be beaten and against our peers?

    python -m tox run -e bench-speed [-- --rows NAME,... --pairs N --quick --no-peers]

Whole processes, in turns. Exit status 1 if a row's 95 % interval lies above its target, or if a row did not do its
work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH leaves it out, and the wheel is what is measured

import cache_rows
import cold_rows
import peer
import peer_rows
import warm_rows
from bench import Bench
from process import WrongRunError, adopt_orphans
from ratios import Row
from seal import refuse_in_python, seal
from tables import peer_table, table

ROWS = {
    "itself": warm_rows.itself,
    "unused": warm_rows.unused,
    "foreign": warm_rows.foreign,
    "warm": warm_rows.warm,
    "warm-gate": warm_rows.warm_gate,
    "warm-workers": warm_rows.warm_workers,
    "cold": cold_rows.cold,
    "cold-wide": cold_rows.cold_wide,
    "cold-many": cold_rows.cold_many,
    "cold-litellm": cold_rows.cold_litellm,
    "read-at-once": cold_rows.read_at_once,
    "cache": cache_rows.cache,
    "growth": warm_rows.growth,
}


def main() -> int:
    """Measure, print, and say whether a target is missed."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-speed-", ignore_cleanup_errors=True) as temporary:
        folder = Path(options.keep or temporary).resolve()
        peers = peer_rows.install(Path(options.venvs or folder / "venvs").resolve(), options.peers)
        adopt_orphans()
        is_sealed = seal()
        blocked = {} if is_sealed else refuse_in_python(folder / "sealed")
        print("sockets: loopback only,", "by a network namespace" if is_sealed else "by a sitecustomize", flush=True)
        bench = Bench(folder, options.pairs, options.quick, blocked)
        rows = [row for name in options.rows for row in _measured(name, bench)]
        if rows:
            print(f"\n{table(rows)}\n", flush=True)
        of_peers = peer_rows.measure(bench, peers, is_sealed=is_sealed) if peers else []
        if of_peers:
            print(peer_table(of_peers), flush=True)
    failed = [row for row in rows if row.is_failed]
    for row in [*failed, *(row for row in of_peers if row.is_failed)]:
        print(f"\n{row.verdict} {row.work}\n{row.error}".rstrip())
    print(f"\n{len(failed)} of {sum(bool(row.verdict) for row in rows)} rows with a target miss it")
    return 1 if failed else 0


def _measured(name: str, bench: Bench) -> list[Row]:
    started = time.monotonic()
    try:
        rows = ROWS[name](bench)
    except WrongRunError as error:
        rows = [Row(name, "", error=str(error))]
    print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=_names(tuple(ROWS)), default=tuple(ROWS), help=",".join(ROWS))
    parser.add_argument("--pairs", type=int, help="rounds of every row; default: each row's own number")
    parser.add_argument("--quick", action="store_true", help="two rounds and smaller suites, to try the machinery")
    parser.add_argument("--peers", type=_names(peer.NAMES), default=peer.NAMES, help="NAME,...; default all")
    parser.add_argument("--no-peers", action="store_const", dest="peers", const=())
    parser.add_argument("--venvs", help="folder of the peers' environments, kept for the next run; default temporary")
    parser.add_argument("--keep", help="folder for suites and recordings, kept; default temporary")
    return parser.parse_args()


def _names(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        names = tuple(filter(None, text.split(",")))
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
        return names

    return parse


if __name__ == "__main__":
    sys.exit(main())
