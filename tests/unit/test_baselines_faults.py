"""FAULTS 1, 8 and 9 for the files of a baseline, with real processes: kills, full disks, many writers at once."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
from itertools import count, groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.errors import BaselineError
from pytest_llmeval.records import BaselineRun, CheckId, Draw, Line
from pytest_llmeval.store import baseline_doctor, baseline_file, baselines, replacing
from tests.unit.baseline_project import EU, Checkout, result_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

RUN = BaselineRun(id="s1", recorded_at="2026-01-31T12:00:00Z")
TESTS = ("tests/test_a.py::test_a", "tests/test_b.py::test_b")
N_LINES = 3


def line_of(test: str, case: str, score: float) -> Line:
    """Return a line of five draws."""
    return Line(id=CheckId(test, case, "solved"), suite="", draws=(Draw(score, "s1", f"{case}{score}"),) * 5)


def version(score: float) -> list[Line]:
    """Return all lines of both files, with one score everywhere."""
    return [line_of(test, f"{number:04}", float(score)) for test in TESTS for number in range(N_LINES)]


def scores_by_file(folder: Path) -> list[set[float]]:
    """Return the scores that stand in each file; raises where one is malformed."""
    lines = baselines.read(folder).lines.values()
    return [{score for line in lines if line.id.test == test for score in line.scores} for test in TESTS]


def write_and_die(folder: str, score: float, n_lines: int) -> None:
    """Write a version, and kill this process before the nth line of the code that replaces files."""
    n_seen = 0

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., object] | None:
        nonlocal n_seen
        if frame.f_code.co_filename != replacing.__file__:
            return None
        n_seen += event == "line"
        if n_seen == n_lines:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    baselines.write_lines(Path(folder), version(score), [RUN])


def test_a_kill_before_any_step_leaves_every_file_whole(tmp_path: Path):
    """FAULTS 1: old or new, each with all of its lines; and what the kill left behind, the next writer clears."""
    folder = tmp_path / "baselines"
    fork = multiprocessing.get_context("fork")
    seen = []
    for step in count(1):
        baselines.write_lines(folder, version(0), [RUN])
        writer = fork.Process(target=write_and_die, args=(str(folder), 1, step))
        writer.start()
        writer.join(60)
        if writer.exitcode == 0:
            break

        assert -signal.SIGKILL == writer.exitcode
        assert 2 * N_LINES == len(baselines.read(folder).lines)
        seen.append(scores_by_file(folder))

    # Neither file yet, one of the two, both: each state was met, and no other.
    assert [[{0.0}, {0.0}], [{1.0}, {0.0}], [{1.0}, {1.0}]] == [state for state, _ in groupby(seen)]
    assert [] == baseline_doctor.inspect(folder)


def write_with_little_room(folder: str, n_bytes: int, told: multiprocessing.Queue) -> None:
    """Write where no file may become larger than this: the kernel fails the write, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
    try:
        baselines.write_lines(Path(folder), [*version(1), line_of(TESTS[1], "one more", 1)], [RUN])
    except BaselineError as error:
        told.put(str(error))


def test_a_full_disk_leaves_every_old_file_whole_and_nothing_else(tmp_path: Path):
    """FAULTS 9: also the file of the same update that would have fitted."""
    folder = tmp_path / "baselines"
    baselines.write_lines(folder, version(0), [RUN])
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    fork = multiprocessing.get_context("fork")
    told = fork.Queue()
    # Room for the first file, which keeps its length, and not for the second, which grows.
    room = max(map(len, before.values()))
    writer = fork.Process(target=write_with_little_room, args=(str(folder), room, told))
    writer.start()
    error = told.get(timeout=60)
    writer.join(60)

    assert os.strerror(errno.EFBIG) in error
    assert "test_b.jsonl' cannot be written" in error
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def add_lines(folder: str, writer: int) -> None:
    """Add lines, each in an update of its own."""
    for number in range(15):
        baselines.write_lines(Path(folder), [line_of(TESTS[0], f"{writer}-{number}", 1.0)], [RUN])


def drop_lines(folder: str, writer: int) -> None:
    """Take lines out, each in a change of its own."""
    for number in range(15):
        baselines.revise(Path(folder), [CheckId(TESTS[0], f"{writer}-{number}", "solved")], lambda _id, _stored: None)


def mend(folder: str, _: int) -> None:
    """Mend, again and again."""
    for _ in range(15):
        baseline_doctor.mend(Path(folder))


@pytest.mark.parametrize("others", [(add_lines, add_lines), (drop_lines, add_lines), (mend, add_lines, drop_lines)])
def test_writers_of_every_kind_at_once_lose_no_line(tmp_path: Path, others: tuple[Callable[[str, int], None], ...]):
    """FAULTS 8: every line that was added stands there, every one that was taken out is gone, no other changed."""
    kept = line_of(TESTS[0], "kept", 0.25)
    dropped = [line_of(TESTS[0], f"{writer}-{number}", 0.0) for writer in range(len(others)) for number in range(15)]
    start = [kept, *(line for line in dropped if others[int(line.id.case[0])] is drop_lines)]
    baselines.write_lines(tmp_path, start, [RUN])
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=target, args=(str(tmp_path), number)) for number, target in enumerate(others)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(60)

    assert [0] * len(others) == [process.exitcode for process in writers]
    added = {f"{n}-{k}" for n, target in enumerate(others) if target is add_lines for k in range(15)}
    assert {"kept", *added} == {id_.case for id_ in baselines.read(tmp_path).lines}


def test_two_accepts_at_once_both_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """FAULTS 8, through the command: two people, or two jobs, accept other lines of one file."""
    checkout = Checkout(tmp_path / "project", monkeypatch, capsys)
    cases = [EU._replace(case=f"case-{number}") for number in range(8)]
    checkout.run(*(result_of(id_, 1.0) for id_ in cases))
    code = "import sys; from pytest_llmeval.commands import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "baseline", "accept", "--reason", "x"]
    running = [subprocess.Popen([*command, id_.case], stdout=subprocess.DEVNULL) for id_ in cases]  # noqa: S603 - ourselves

    assert [0] * len(cases) == [process.wait(60) for process in running]
    assert set(cases) == checkout.scores.keys()


def test_what_stands_while_a_writer_waits_for_its_turn_is_what_it_changes(tmp_path: Path):
    """A change is of the line as it is then, not as it was when the writer began."""
    old, new = line_of(TESTS[0], "a", 0.0), line_of(TESTS[0], "a", 1.0)
    baselines.write_lines(tmp_path, [old], [RUN])
    seen = []

    baselines.write_lines(tmp_path, [new], [RUN])
    baselines.revise(tmp_path, [old.id], lambda _id, stored: seen.append(stored) or stored)

    assert [new] == seen
    file = PurePosixPath(baseline_file.path_of(TESTS[0]))
    assert [tmp_path / file] == [path for path in tmp_path.rglob("*") if path.is_file()]
