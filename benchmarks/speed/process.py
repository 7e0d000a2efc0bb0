"""Whole processes: what one cost from start to end, with all its children; and several in turns."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BE_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER, linux/prctl.h
TAIL = 800  # characters of output an error shows


class WrongRunError(Exception):
    """A measured process did not do what it was measured for; its number would mean nothing."""


@dataclass(frozen=True)
class Usage:
    """What one process and its children cost.

    Args:
        wall_s: from start to end.
        cpu_s: user and system time, of every child too.
        peak_mb: the largest resident set of any one of them, in MB (10^6 bytes).
        output: what it wrote, both streams.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str = field(repr=False)


@dataclass(frozen=True)
class Command:
    """A process to be measured.

    Args:
        argv: program and arguments.
        folder: where it runs.
        environment: all of it; nothing is inherited.
        says: text its output must hold.
        timeout_s: it is killed after this, and that is an error.
    """

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    says: str = ""
    timeout_s: float = 900.0

    def run(self) -> Usage:
        """Run it.

        Raises:
            WrongRunError: exit status other than 0, a timeout, or output without ``says``.
        """
        with tempfile.TemporaryFile() as output:
            started = time.perf_counter()
            process = subprocess.Popen(
                self.argv,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            alarm = threading.Timer(self.timeout_s, _kill_group, [process.pid])
            alarm.start()
            _, status, spent = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - started
            alarm.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            cpu_s = spent.ru_utime + spent.ru_stime + _orphans_cpu_s(process.pid)
            output.seek(0)
            text = output.read().decode(errors="replace")
        if process.returncode != 0 or self.says not in text:
            why = f"longer than {self.timeout_s:.0f} s" if wall_s >= self.timeout_s else f"exit {process.returncode}"
            expected = f", expected {self.says!r}" if self.says else ""
            raise WrongRunError(f"{why}{expected}\n{' '.join(self.argv)}\n{_telling(text)}")
        return Usage(wall_s=wall_s, cpu_s=cpu_s, peak_mb=spent.ru_maxrss * 1024 / 1e6, output=text)


def adopt_orphans() -> None:
    """Make children whose parent died ours, so that their time is counted too."""
    ctypes.CDLL(None).prctl(BE_SUBREAPER, 1, 0, 0, 0)


def interleaved(
    sides: Mapping[str, Callable[[], Usage]], rounds: int, *, is_first_counted: bool = False
) -> dict[str, list[Usage]]:
    """Run all sides in turns, every other round in reverse: A B, B A, A B, …; slow drift then hits all alike.

    Args:
        sides: what to run, by name.
        rounds: counted runs of each.
        is_first_counted: otherwise each side runs once more at first, which fills the caches of bytecode and disk.
    """
    usages: dict[str, list[Usage]] = {name: [] for name in sides}
    if not is_first_counted:
        for run in sides.values():
            run()
    for number in range(rounds):
        for name in reversed(sides) if number % 2 else sides:
            usages[name].append(sides[name]())
    return usages


def _orphans_cpu_s(group: int) -> float:
    """End what a process left behind, and return the CPU seconds of those."""
    _kill_group(group)
    cpu_s = 0.0
    while True:
        try:
            _, _, spent = os.wait4(-group, 0)
        except ChildProcessError:
            return cpu_s
        cpu_s += spent.ru_utime + spent.ru_stime


def _telling(text: str) -> str:
    """Return pytest's first error lines, and how the output ends."""
    errors = [line for line in text.splitlines() if line.startswith("E  ")]
    return "\n".join([*errors[:5], text[-TAIL:]])


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
