"""What does the working cache cost, beside plain SQLite?

    python benchmarks/speed/cache.py [--responses N]

100,000 responses of 2 KB, through the cache and through a plain table of keys and texts, in turns of 1,000 and in one
run. Exit status 1 if a target is missed. CPU time, of the whole process: a hit is the key of its request, the look, and
the response; a put returns when it is committed to the write-ahead log, which survives the death of the process.

The texts compress as prose does (responses.py). A hit is measured in the order in which the answers were recorded, as a
warm run asks for them, and at random. Twenty system prompts are shared by all requests, as the tests of a suite share
theirs; two rows show requests that share nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH leaves it out, and the wheel is what is measured

from ratios import Row, ratios
from responses import Suite
from tables import table

from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.records import Response
from pytest_llmeval.store import deflate
from pytest_llmeval.store.sqlite import SqliteCache

SEED = 7
N_RESPONSES = 100_000
N_TURN = 1_000
SHOWN = {1_000, 10_000, 100_000}
N_LOOKED = 20_000
N_WRITERS = 4
N_WRITTEN = 2_500
MICRO = 1e6

HIT_US, PUT_US, ROW_BYTES = 25.0, 60.0, 1_200.0

T = TypeVar("T")


class Plain:
    """The limit: one table, one commit a row, nothing else."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("CREATE TABLE responses (key TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL)")

    def put(self, row: tuple[str, str]) -> None:
        """Store a row; committed when this returns."""
        self._connection.execute("INSERT INTO responses VALUES (?, ?)", row)

    def get(self, key: str) -> str:
        """Return the body of a key."""
        (body,) = self._connection.execute("SELECT body FROM responses WHERE key = ?", (key,)).fetchone()
        return str(body)


def rows(n_responses: int = N_RESPONSES) -> list[Row]:
    """Measure, and return the rows of the table.

    Args:
        n_responses: how many are stored; the targets are meant for 100,000.
    """
    with tempfile.TemporaryDirectory(prefix="bench-cache-") as folder:
        return [
            *_beside_plain(Path(folder), n_responses),
            *_by_writers(Path(folder) / "shared" / "llmeval.db"),
            *_unshared(Path(folder) / "unshared" / "llmeval.db"),
        ]


def _beside_plain(folder: Path, n_responses: int) -> Iterator[Row]:
    suite, path = Suite("shop"), folder / "ours" / "llmeval.db"
    cache, plain = SqliteCache(path), Plain(folder / "plain.db")
    puts: list[float] = []
    plain_puts: list[float] = []
    for turn in _turns(range(n_responses)):
        responses = [suite.response(n) for n in turn]
        puts += _each_us(cache.put, responses)
        plain_puts += _each_us(plain.put, [_plain_row(response) for response in responses])
        n_stored = turn[-1] + 1
        if n_stored in SHOWN or n_stored == n_responses:
            target = HIT_US if n_stored == n_responses else None
            at_random = random.Random(SEED).choices(range(n_stored), k=N_LOOKED)  # noqa: S311  (not secret)
            in_order = [n % n_stored for n in range(N_LOOKED)]
            yield from _hits(f"hit among {n_stored:,}", suite, cache, plain, in_order, target)
            yield from _hits(f"hit among {n_stored:,}, at random", suite, cache, plain, at_random, None)
    cache.close()
    yield from _pair(f"put, deflated by {deflate.NAME}", puts, plain_puts, PUT_US)
    yield Row("bytes a row on disk", "", (path.stat().st_size / n_responses,), ROW_BYTES, " B", is_exact=True)
    yield Row("deflate leaves of a text", "of real answers: 0.44", (suite.share_left(),), unit="", is_exact=True)


def _hits(
    work: str, suite: Suite, cache: SqliteCache, plain: Plain, looked: Sequence[int], target: float | None
) -> Iterator[Row]:
    hits: list[float] = []
    plain_hits: list[float] = []
    for turn in _turns(looked):
        requests = [suite.request(n) for n in turn]
        hits += _each_us(lambda request: cache.get(cache_key(request), request).text, requests)
        plain_hits += _each_us(plain.get, [cache_key(request) for request in requests])
    yield from _pair(work, hits, plain_hits, target)


def _pair(work: str, ours: Sequence[float], plain: Sequence[float], target: float | None) -> Iterator[Row]:
    limit = f"plain SQLite: {statistics.median(plain):.1f} µs"
    yield Row(work, limit, tuple(ours), target, " µs")
    if target is not None:
        yield Row(f"{work}, over plain", limit, ratios(ours, plain))


def _by_writers(path: Path) -> list[Row]:
    """Let four processes write at once, and count what they lost and how often they failed."""
    command = [sys.executable, __file__, "--write", str(path)]
    writers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in "abcdefgh"[:N_WRITERS]]
    errors = [writer.communicate()[1] for writer in writers]
    failed = [error for writer, error in zip(writers, errors, strict=True) if writer.returncode]
    cache = SqliteCache(path)
    requests = [suite.request(n) for suite in map(Suite, "abcdefgh"[:N_WRITERS]) for n in range(N_WRITTEN)]
    n_lost = sum(cache.get(cache_key(request), request) is None for request in requests)
    cache.close()
    work = f"{N_WRITERS} processes write {N_WRITTEN:,} each"
    return [
        Row(f"{work}: rows lost", "", (n_lost,), 0.0, "", is_exact=True, error=failed[0] if failed else ""),
        Row(f"{work}: failed", "", (len(failed),), 0.0, "", is_exact=True),
    ]


def _write(path: Path, name: str) -> None:
    suite, cache = Suite(name), SqliteCache(path)
    for n in range(N_WRITTEN):
        cache.put(suite.response(n))
    cache.close()


def _unshared(path: Path) -> list[Row]:
    suite, cache = Suite("unshared", n_prompts=0), SqliteCache(path)
    puts = [cost for turn in _turns(range(5_000)) for cost in _each_us(cache.put, [suite.response(n) for n in turn])]
    cache.close()
    size = path.stat().st_size / 5_000
    return [
        Row("put, a system prompt of its own each", "", tuple(puts), unit=" µs"),
        Row("bytes a row on disk, the same", "", (size,), unit=" B", is_exact=True),
    ]


def _each_us(work: Callable[[T], object], items: Sequence[T]) -> list[float]:
    """Return the CPU time of one item in microseconds, as a list of one."""
    started_s = time.process_time()
    for item in items:
        work(item)
    return [(time.process_time() - started_s) / len(items) * MICRO]


def _turns(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(numbers), N_TURN):
        yield numbers[first : first + N_TURN]


def _plain_row(response: Response) -> tuple[str, str]:
    request = response.request
    asked = [request.model, request.messages, request.settings, request.trial]
    return response.key, json.dumps(asked) + response.text


def main() -> int:
    """Print the table, and say whether a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--responses", type=int, default=N_RESPONSES)
    parser.add_argument("--write", nargs=2, metavar=("PATH", "NAME"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        _write(Path(options.write[0]), options.write[1])
        return 0
    measured = rows(options.responses)
    print(table(measured))
    return 1 if any(row.is_failed for row in measured) else 0


if __name__ == "__main__":
    sys.exit(main())
