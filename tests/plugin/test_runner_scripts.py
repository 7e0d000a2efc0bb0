"""What the runner's image starts: a real pytest on a suite that it can read and not write, and the merge after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_llmeval.gather import session_file

RUNNER = Path(__file__).parents[2] / "deploy" / "runner"
TEST = """
from pytest_llmeval import assert_relevance

def test_low():
    assert_relevance("{answer}", question="What is the capital of France?", threshold=0.5)
"""
SLOW = """
import pathlib, time
from pytest_llmeval import assert_score

def test_first():
    assert_score("kept", 1.0)

def test_slow():
    pathlib.Path(__file__).with_name("begun").touch()
    time.sleep(60)
"""
GOOD, BAD = "The capital of France is Paris.", "bananas"
# Says what it was started with, in the place of python or llmeval.
ECHO = "#!/bin/sh\nshift $SHIFT\nprintf '%s\\n' \"$@\"\n"


# The first folder cannot be written to, but for the second in it, which is mounted before that.
READ_ONLY = """
mount --bind "$1" "$1" && mount --bind "$2" "$2" && mount -o remount,bind,ro "$1" && cd "$1" && shift 2 && "$@"
"""


def _environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTEST_ADDOPTS": "-p no:cacheprovider", **more}


def _script(project, name: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - ours
        [str(RUNNER / name), *args],
        cwd=project.path,
        env=_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
    )


def _echo(project, name: str, n_words: int) -> str:
    """Put a program in the place of another; return the path to look in first."""
    folder = project.path / "programs"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(ECHO.replace("$SHIFT", str(n_words)))
    (folder / name).chmod(0o755)
    return os.pathsep.join([str(folder), os.environ["PATH"]])


@pytest.mark.parametrize(("answer", "status"), [(GOOD, 0), (BAD, 1)], ids=["passes", "fails"])
def test_it_ends_as_pytest_did_and_leaves_the_session(project, answer, status):
    """Under the name of the run; also where a test failed."""
    project.write("test_a.py", TEST.format(answer=answer))

    done = _script(project, "suite.sh", SESSIONS="kept", RUN="night-1")

    assert status == done.returncode, done.stdout + done.stderr
    lines = (project.path / "kept/night-1/session.jsonl").read_text().splitlines()
    assert ["session", "case", "end"] == [json.loads(line)["kind"] for line in lines]


def test_without_a_place_for_it_no_session_is_left(project):
    """A pull request's pod has none."""
    project.write("test_a.py", TEST.format(answer=GOOD))
    assert 0 == _script(project, "suite.sh").returncode
    assert {"kept", "night-1"}.isdisjoint(path.name for path in project.path.rglob("*"))


def test_a_session_that_cannot_be_left_is_no_success(project):
    """74, and a line; but a verdict stands."""
    project.write("kept", "a file in the place of the folder")
    project.write("test_a.py", TEST.format(answer=GOOD))
    done = _script(project, "suite.sh", SESSIONS="kept", RUN="night-1")
    assert (74, True) == (done.returncode, "suite.sh: the session is not in kept/night-1" in done.stderr)

    project.write("test_a.py", TEST.format(answer=BAD))
    assert 1 == _script(project, "suite.sh", SESSIONS="kept", RUN="night-1").returncode


def test_a_signal_reaches_pytest_and_what_is_scored_is_left(project):
    """SIGTERM, as a cluster sends it: pytest ends, not by force, and its partial session is kept."""
    project.write("test_a.py", SLOW)
    command = [str(RUNNER / "suite.sh"), "-p", "no:xdist"]
    environment = _environment(SESSIONS="kept", RUN="night-1")
    with subprocess.Popen(command, cwd=project.path, env=environment, stdout=subprocess.PIPE) as process:  # noqa: S603
        while not (project.path / "begun").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=50)[0].decode()

    assert 2 == process.returncode, said
    session = session_file.read(project.path / "kept/night-1/session.jsonl")
    assert ("interrupted", ["kept"]) == (session.stopped, [summary.metric for summary in session.summaries])


@pytest.mark.skipif(os.geteuid() != 0, reason="a mount of its own can be made by root only")
def test_a_suite_that_cannot_be_written_to_is_run(project):
    """As in a read-only image: nothing but ``.llmeval`` can be written."""
    project.write("test_a.py", TEST.format(answer=GOOD))
    project.write(".llmeval/empty", "")
    before = {path.name for path in project.path.iterdir()}
    within = ["unshare", "--mount", "--propagation=private", "sh", "-c", READ_ONLY, "sh"]
    folders = [str(project.path), str(project.path / ".llmeval")]
    command = [*within, *folders, str(RUNNER / "suite.sh")]

    done = subprocess.run(  # noqa: S603 - ours
        command, env=_environment(PYTHONDONTWRITEBYTECODE="1"), capture_output=True, text=True, check=False
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert before == {path.name for path in project.path.iterdir()}
    assert (project.path / ".llmeval/session.jsonl").exists()


def test_a_shard_is_counted_from_one(project):
    """Kubernetes counts from 0; the user's arguments follow."""
    path = _echo(project, "python", 2)
    done = _script(project, "suite.sh", "-q", PATH=path, SHARDS="4", JOB_COMPLETION_INDEX="2")
    assert ["--llmeval-shard=3/4", "-q"] == done.stdout.split()


def test_a_shards_session_has_its_number(project):
    """So that several can stand in one folder."""
    _echo(project, "python", 2)
    project.write(".llmeval/session.jsonl", "{}\n")
    path = _echo(project, "python", 2)
    _script(project, "suite.sh", PATH=path, SESSIONS="kept", RUN="r", SHARDS="4", JOB_COMPLETION_INDEX="0")
    assert ["shard-1.jsonl"] == [file.name for file in (project.path / "kept/r").iterdir()]


def test_a_tenants_session_is_found_where_it_is(project):
    """Its folder is its own."""
    project.write(".llmeval/session.jsonl", "another's\n")
    project.write(".llmeval/tenants/team_a/session.jsonl", "its own\n")
    _script(project, "suite.sh", PATH=_echo(project, "python", 2), SESSIONS="kept", RUN="r", LLMEVAL_TENANT="team_a")
    assert "its own\n" == (project.path / "kept/r/session.jsonl").read_text()


def test_the_merge_takes_all_shards_as_soon_as_they_are_there(project):
    """In their order, with its own arguments first."""
    for shard in (2, 1):
        project.write(f"kept/r/shard-{shard}.jsonl", "{}\n")
    project.write("kept/r/shard-3.jsonl.part", "half")
    path = _echo(project, "llmeval", 0)

    done = _script(project, "merge.sh", "--verbose", PATH=path, SESSIONS="kept", RUN="r", SHARDS="2", WAIT_S="60")

    assert ["merge", "--verbose", "kept/r/shard-1.jsonl", "kept/r/shard-2.jsonl"] == done.stdout.split()


def test_the_merge_does_not_wait_for_ever(project):
    """What is there is merged, and the merge itself says what is missing."""
    project.write("kept/r/shard-1.jsonl", "{}\n")
    path = _echo(project, "llmeval", 0)
    done = _script(project, "merge.sh", PATH=path, SESSIONS="kept", RUN="r", SHARDS="2", WAIT_S="0")
    assert ["merge", "kept/r/shard-1.jsonl"] == done.stdout.split()


def test_without_any_shard_there_is_no_verdict(project):
    """6, as for whatever is incomplete."""
    done = _script(project, "merge.sh", SESSIONS="kept", RUN="r", SHARDS="2", WAIT_S="0")
    assert (6, "merge.sh: no shard has left a session in kept/r\n") == (done.returncode, done.stderr)
