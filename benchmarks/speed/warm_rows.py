"""Rows in which nobody is asked: the plug-in unused, and with every answer replayed."""

from __future__ import annotations

import statistics
from pathlib import Path

from bench import PYTEST, WITHOUT, Bench, foreign_plugins, settings, watched
from endpoint import Endpoint
from figures import Usages, against, cpu_s, peak_mb, wall_s
from process import Command, interleaved
from ratios import Row

N_TESTS = 1000
AUTO = "--llmeval-cache=auto"
MARK = "MODULES:"
MODULES = f"import sys, pytest; code = pytest.main(sys.argv[1:]); print('{MARK}', *sys.modules); sys.exit(code)"


def itself(bench: Bench) -> list[Row]:
    """Bare pytest against bare pytest: what this harness makes of no difference at all."""
    command = bench.pytest(bench.suite("bare"), 500, *WITHOUT)
    usages = interleaved({"ours": command.run, "limit": command.run}, bench.rounds(15))
    return [against("the harness: bare pytest against itself, CPU", "bare pytest", usages, cpu_s, None)]


def unused(bench: Bench) -> list[Row]:
    """Installed and unused, at start-up: CPU, and modules imported."""
    folder = bench.suite("one")
    ours, bare = (bench.pytest(folder, 1, "--collect-only", *without) for without in ((), WITHOUT))
    usages = interleaved({"ours": ours.run, "limit": bare.run}, bench.rounds(30))
    extra = _modules(bench, folder) - _modules(bench, folder, *WITHOUT)
    return [
        against("unused: --collect-only of one plain test, CPU", "without it", usages, cpu_s, 1.03),
        Row("unused: more modules imported", "", (float(len(extra)),), 8.0, " modules", is_exact=True),
    ]


def foreign(bench: Bench) -> list[Row]:
    """Installed and unused: 500 plain tests of a foreign suite."""
    folder = bench.suite("bare")
    ours, bare = (bench.pytest(folder, 500, *without) for without in ((), WITHOUT))
    usages = interleaved({"ours": ours.run, "limit": bare.run}, bench.rounds(30))
    return [against("unused: 500 plain tests of a foreign suite, CPU", "without it", usages, cpu_s, 1.01)]


def warm(bench: Bench) -> list[Row]:
    """Replayed calls and judge's calls, serial, gate off."""
    sides = {
        "ours": bench.pytest(_recorded(bench), N_TESTS, AUTO).run,
        "limit": bench.pytest(bench.suite("bare"), N_TESTS, *WITHOUT).run,
        "sqlite": bench.pytest(bench.suite("bare_sqlite"), N_TESTS, *WITHOUT).run,
    }
    usages = interleaved(sides, bench.rounds(10))
    return [
        against("warm: 1,000 tests, serial, gate off, CPU", "bare pytest", usages, cpu_s, 1.3),
        against("  two raw SQLite look-ups a test instead", "bare pytest", usages, cpu_s, None, side="sqlite"),
    ]


def warm_gate(bench: Bench) -> list[Row]:
    """The same, compared with a stored baseline."""
    folder = _recorded(bench)
    bench.pytest(folder, N_TESTS, AUTO, "--llmeval-baseline-update").run()
    sides = {
        "ours": bench.pytest(folder, N_TESTS, AUTO, "--llmeval-gate=pr").run,
        "limit": bench.pytest(bench.suite("bare_scipy"), N_TESTS, *WITHOUT).run,
    }
    usages = interleaved(sides, bench.rounds(10))
    work, limit = "warm: 1,000 tests, serial, gate on, CPU", "bare pytest + import scipy.stats"
    return [against(work, limit, usages, cpu_s, 1.4)]


def warm_workers(bench: Bench) -> list[Row]:
    """The same with two workers, both sides."""
    sides = {
        "ours": bench.pytest(_recorded(bench), N_TESTS, AUTO, "-n", "2").run,
        "limit": bench.pytest(bench.suite("bare"), N_TESTS, "-n", "2", *WITHOUT).run,
    }
    usages = interleaved(sides, bench.rounds(10))
    return [
        against("warm: 1,000 tests, -n 2, CPU", "bare pytest -n 2", usages, cpu_s, 1.3),
        against("warm: 1,000 tests, -n 2, wall", "bare pytest -n 2", usages, wall_s, None),
    ]


def growth(bench: Bench) -> list[Row]:
    """Ten times the tests, ten times the cost, and memory that does not run away."""
    sizes = (100, 1000, 10_000) if bench.is_quick else (1000, 10_000, 100_000)
    rows, a_test_s = [], {}
    with Endpoint(0.0) as endpoint:
        folder, bare = bench.suite("graded", settings(endpoint)), bench.suite("bare")
        for n_tests in sizes:
            usages = _of_size(bench, endpoint, folder, bare, n_tests)
            a_test_s[n_tests] = statistics.median(cpu_s(usages["ours"])) / n_tests
            work = f"growth: {n_tests:,} replayed tests ({a_test_s[n_tests] * 1e3:.2f} ms each), CPU"
            rows.append(against(work, "bare pytest", usages, cpu_s, None))
            if n_tests == 10_000:
                rows.append(against("memory: 10,000 replayed tests, peak", "bare pytest", usages, peak_mb, 1.5))
    _, middle, largest = sizes
    ratio = a_test_s[largest] / a_test_s[middle]
    limit = f"at {middle:,}: {a_test_s[middle] * 1e3:.2f} ms"
    return [*rows, Row(f"growth: CPU a test at {largest:,} replayed tests", limit, (ratio,), 1.1)]


def _of_size(bench: Bench, endpoint: Endpoint, folder: Path, bare: Path, n_tests: int) -> Usages:
    """Record what is not there yet, then replay it beside bare pytest; the endpoint tells that nobody asked."""
    is_long = n_tests > 10_000
    ours = bench.pytest(folder, n_tests, AUTO, timeout_s=3600)
    ours.run()
    sides = {
        "ours": watched(ours, endpoint, n_requests=0, connections=0, is_cold=False),
        "limit": bench.pytest(bare, n_tests, *WITHOUT, timeout_s=3600).run,
    }
    # A long run is its own average.
    return interleaved(sides, 1 if is_long else bench.rounds(6), is_first_counted=is_long)


def _recorded(bench: Bench) -> Path:
    """Return a suite of ours whose every answer is stored, and whose provider is gone."""
    with Endpoint(0.0) as endpoint:
        folder = bench.suite("graded", settings(endpoint))
        bench.pytest(folder, N_TESTS, AUTO).run()
    return folder


def _modules(bench: Bench, folder: Path, *without: str) -> set[str]:
    """Return what a run has imported at its end."""
    arguments = (*PYTEST[3:], *foreign_plugins(), "--collect-only", *without)
    command = Command([PYTEST[0], "-c", MODULES, *arguments], folder, bench.environment(), says=MARK)
    return set(command.run().output.rpartition(MARK)[2].split())
