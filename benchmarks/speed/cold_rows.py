"""Rows in which nothing is stored: the time goes into waiting for a provider of 0.5 s."""

from __future__ import annotations

from bench import HERE, Bench, settings, watched
from endpoint import Endpoint
from figures import against, against_arithmetic, cpu_s, wall_s
from process import interleaved
from ratios import Row

LATENCY_S = 0.5
CALLS = 2  # a test: its own, and the judge's that needs its answer
N_TESTS = 200
AUTO = "--llmeval-cache=auto"
LIMITS = HERE / "limits"


def cold(bench: Bench) -> list[Row]:
    """200 plain synchronous tests over 50 connections, in one process."""
    return _cold(bench, N_TESTS, 50, target=1.3, most_cpu_s=1.5, alone=("aiohttp", "httpx"))


def cold_wide(bench: Bench) -> list[Row]:
    """The same over 200 connections."""
    return _cold(bench, N_TESTS, 200, target=2.2, alone=("aiohttp", "httpx"))


def cold_many(bench: Bench) -> list[Row]:
    """1,000 of them over 50 connections."""
    return _cold(bench, 1000, 50, target=1.08)


def cold_litellm(bench: Bench) -> list[Row]:
    """Through litellm, as for a provider that needs it."""
    connections = 50
    bounds = {"n_requests": N_TESTS * CALLS, "connections": connections}
    with Endpoint(LATENCY_S) as endpoint:
        folder = bench.suite("graded", settings(endpoint, client="litellm/", connections=connections))
        alone = bench.program(LIMITS / "asyncio_litellm.py", endpoint, N_TESTS, connections)
        ours = bench.pytest(folder, N_TESTS, AUTO)
        sides = {"ours": watched(ours, endpoint, **bounds), "limit": watched(alone, endpoint, **bounds)}
        usages = interleaved(sides, bench.rounds(6))
    work = "cold: 200 tests, 50 connections, through litellm, wall"
    return [against(work, "litellm alone", usages, wall_s, 1.15)]


def read_at_once(bench: Bench) -> list[Row]:
    """Tests that read each answer before they go on: workers are all that helps."""
    workers = 8
    with Endpoint(LATENCY_S) as endpoint:
        command = bench.pytest(bench.suite("read_at_once", settings(endpoint)), N_TESTS, AUTO, "-n", str(workers))
        run = watched(command, endpoint, n_requests=N_TESTS * CALLS, connections=workers)
        usages = interleaved({"ours": run}, bench.rounds(6))["ours"]
    work = "cold: 200 tests that read .text at once, -n 8, wall"
    return [against_arithmetic(work, N_TESTS * CALLS * LATENCY_S / workers, usages, 1.2)]


def _cold(
    bench: Bench,
    n_tests: int,
    connections: int,
    *,
    target: float,
    most_cpu_s: float | None = None,
    alone: tuple[str, ...] = (),
) -> list[Row]:
    """Ours, and beside it HTTP clients alone."""
    bounds = {"n_requests": n_tests * CALLS, "connections": connections}
    with Endpoint(LATENCY_S) as endpoint:
        commands = {
            name: bench.program(LIMITS / f"asyncio_{name}.py", endpoint, n_tests, connections) for name in alone
        }
        folder = bench.suite("graded", settings(endpoint, connections=connections))
        commands["ours"] = bench.pytest(folder, n_tests, AUTO)
        runs = {name: watched(command, endpoint, **bounds) for name, command in commands.items()}
        usages = interleaved(runs, bench.rounds(6))
    ideal_s = n_tests * CALLS * LATENCY_S / connections
    work = f"cold: {n_tests:,} tests, {connections} connections"
    rows = [against_arithmetic(f"{work}, wall", ideal_s, usages["ours"], target)]
    if most_cpu_s is not None:
        rows.append(Row(f"{work}, CPU", "", tuple(cpu_s(usages["ours"])), most_cpu_s, " s"))
    return [
        *rows,
        *(against_arithmetic(f"  asyncio + {name} alone instead", ideal_s, usages[name], None) for name in alone),
    ]
