"""The peers, each in an environment of its own, at the work of ours that it can do; none of them does the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from bench import WITHOUT, Bench
from endpoint import Endpoint
from figures import against, against_arithmetic, cpu_s
from peer import CONNECTIONS, PEERS, PYTEST, Peer
from process import Command, Usage, WrongRunError, interleaved
from ratios import Row

INSTALL_TIMEOUT_S = 600
RUN_TIMEOUT_S = 300.0
ROUNDS = 3
N_WARM, N_COLD, LATENCY_S = 1000, 200, 0.5
PLAIN = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


Installed = dict[str, Path]  # a peer's name to the folder of its programs


def install(folder: Path, names: Iterable[str]) -> Installed:
    """Install peers, each into an environment below ``folder``; one that is there from an earlier run is taken.

    A peer that does not install in time is left out, and that is said.
    """
    installed: Installed = {}
    for name in names:
        home = folder / name
        is_node = name == "promptfoo"
        programs = home / "node_modules" / ".bin" if is_node else home / "bin"
        done = home / ".installed"
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            requirements = next(peer.requirements for peer in PEERS if peer.name == name)
            print(f"installing {name}", file=sys.stderr, flush=True)
            if not (_install_node if is_node else _install_python)(home, requirements):
                print(f"not installed: {name}", flush=True)
                continue
            done.touch()
        installed[name] = programs
    return installed


def measure(bench: Bench, installed: Installed, *, is_sealed: bool) -> list[Row]:
    """Return the peers' rows; one that cannot do its work has an error in it, which fails nothing."""
    rows = []
    for peer in PEERS:
        if peer.name not in installed:
            continue
        if peer.name == "promptfoo" and not is_sealed:
            rows.append(Row(peer.name, "", error="not run: only a network namespace would seal node"))
            continue
        started = time.monotonic()
        for work in (_unused, _warm, _cold):
            try:
                rows += work(bench, peer, installed[peer.name])
            except WrongRunError as error:
                rows.append(Row(f"{work.__name__[1:]}: {peer.name}", "", error=str(error)))
        print(f"{peer.name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


def _unused(bench: Bench, peer: Peer, programs: Path) -> list[Row]:
    if not peer.is_plugin:
        return []
    folder = bench.suite("one")
    argv = [*_filled(PYTEST, programs), "--collect-only"]
    loaded = Command(argv, folder, bench.environment())
    plain = Command(argv, folder, bench.environment(**PLAIN))
    usages = interleaved({"ours": loaded.run, "limit": plain.run}, bench.rounds(10))
    return [against(f"unused, --collect-only, CPU: {peer.name}", "no plug-ins", usages, cpu_s, None)]


def _warm(bench: Bench, peer: Peer, programs: Path) -> list[Row]:
    if not peer.warm:
        return []
    folder = bench.peer_folder(*peer.files)
    with Endpoint(0.0) as endpoint:
        _command(bench, peer, peer.record or peer.warm, programs, folder, endpoint, N_WARM, is_cached=True).run()
        replay = _command(bench, peer, peer.warm, programs, folder, endpoint, N_WARM, is_cached=True)
    bare = bench.pytest(bench.suite("bare"), N_WARM, *WITHOUT)
    bare.run()  # fills its cache of bytecode, as the recording did for the peer
    usages = interleaved({"ours": replay.run, "limit": bare.run}, bench.rounds(ROUNDS), is_first_counted=True)
    return [against(f"warm, 1,000 cases, CPU: {peer.name}", "bare pytest", usages, cpu_s, None)]


def _cold(bench: Bench, peer: Peer, programs: Path) -> list[Row]:
    if not peer.cold:
        return []
    folder = bench.peer_folder(*peer.files)
    with Endpoint(LATENCY_S) as endpoint:
        command = _command(bench, peer, peer.cold, programs, folder, endpoint, N_COLD, is_cached=False)
        peaks = []

        def run() -> Usage:
            endpoint.reset()
            usage = command.run()
            seen = endpoint.stats()
            if seen["n_requests"] != 2 * N_COLD:
                raise WrongRunError(f"expected {2 * N_COLD} requests; the endpoint saw {seen}")
            peaks.append(seen["peak"])
            return usage

        usages = interleaved({"ours": run}, bench.rounds(ROUNDS))["ours"]
    words = f" {peer.cold_words}" if peer.cold_words else ""
    work = f"cold, 200 cases, wall: {peer.name}{words}, {max(peaks)} connections"
    return [against_arithmetic(work, 2 * N_COLD * LATENCY_S / CONNECTIONS, usages, None)]


def _command(
    bench: Bench,
    peer: Peer,
    argv: tuple[str, ...],
    programs: Path,
    folder: Path,
    endpoint: Endpoint,
    n: int,
    *,
    is_cached: bool,
) -> Command:
    environment = bench.environment(
        BENCH_TESTS=n,
        BENCH_CONNECTIONS=CONNECTIONS,
        BENCH_URL=endpoint.url,
        BENCH_CACHE=int(is_cached),
        # How inspect-ai is told of a provider that it names "bench".
        BENCH_BASE_URL=endpoint.url,
        BENCH_API_KEY="bench",
    )
    return Command(_filled(argv, programs), folder, environment, peer.says.format(n=n), RUN_TIMEOUT_S)


def _filled(argv: Iterable[str], programs: Path) -> list[str]:
    return [part.format(bin=programs) for part in argv]


def _install_python(home: Path, requirements: tuple[str, ...]) -> bool:
    return _succeeds([sys.executable, "-m", "venv", str(home)], home) and _succeeds(
        [str(home / "bin" / "python"), "-m", "pip", "install", "-q", *requirements], home
    )


def _install_node(home: Path, requirements: tuple[str, ...]) -> bool:
    npm = shutil.which("npm")
    return npm is not None and _succeeds([npm, "install", "--no-audit", "--no-fund", *requirements], home)


def _succeeds(argv: list[str], home: Path) -> bool:
    with (home.parent / f"{home.name}.log").open("w", encoding="utf-8") as log:
        try:
            done = subprocess.run(
                argv, cwd=home, env=os.environ, stdout=log, stderr=log, timeout=INSTALL_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0
