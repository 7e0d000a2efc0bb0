"""A disk that fills up in mid-run: what was paid for is stored or named, nothing more is bought (FAULTS 9)."""

import os
import re
import resource
import subprocess
import sys
from contextlib import suppress
from functools import partial

import pytest

from pytest_llmeval.loopback import Loopback
from pytest_llmeval.store import holdings

N = 40
SUITE = f"""
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("number", range({N}))
def test_case(llm, number):
    assert_score("n", float(len(llm(f"question {{number}}").text) > 0))
"""
# What does not deflate; twelve of them fill the disk.
ANSWER = "".join(chr(33 + (n * n * 7919 + n // 3) % 94) for n in range(12_000))
SMALL, LARGE = "320k", "64m"


def _mount(path, *options):
    return subprocess.run(["mount", *options, str(path)], check=False, capture_output=True).returncode  # noqa: S603, S607


@pytest.fixture
def small_disk(project):
    """A folder on a disk of its own, as root can make one."""
    folder = project.path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or _mount(folder, "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs"):
        pytest.skip("making a small disk takes root, and a system that lets it mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


@pytest.fixture
def server():
    """Long answers, all different."""
    with Loopback(lambda body: body["messages"][-1]["content"] + ANSWER) as server:
        yield server


def _write(folder, server, recordings):
    ini = f"llmeval_model = openai/m\nllmeval_api_base = {server.url}\nllmeval_concurrency = 4\n"
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}llmeval_recordings = {recordings}\n")
    (folder / "test_suite.py").write_text(SUITE)


def _run(folder, *args, before=None):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", *args],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=before,
    )
    assert "INTERNALERROR" not in done.stdout + done.stderr, done.stdout
    return done


def _n_unstored(done):
    found = re.search(r"llmeval: (\d+) answers? (?:was|were) paid for and scored, and could not be stored", done.stdout)
    return int(found[1]) if found else 0


def _stored(folder):
    held = holdings.of_project(folder / ".llmeval" / "llmeval.db", holdings.recordings_below(folder, "recordings"))
    assert () == held.damaged
    return {one.response.key for one in held.stored}


@pytest.mark.parametrize("recordings", ["", "recordings"], ids=["cache", "recordings"])
def test_a_full_disk_costs_what_was_in_flight_and_says_so(small_disk, server, way, recordings):
    """Stored and named answers are all that were paid for; with room again, only the rest is asked."""
    _write(small_disk, server, recordings)

    done = _run(small_disk, *way)

    n_asked, n_unstored, n_stored = len(server.requests), _n_unstored(done), len(_stored(small_disk))
    assert done.returncode not in (0, 3), done.stdout
    assert 0 < n_stored <= n_asked < N
    # What one place has and the other has not is named as well.
    assert n_asked <= n_stored + n_unstored <= n_asked + (n_unstored if recordings else 0), done.stdout
    assert "not sent: an answer before it could not be stored" in done.stdout
    # The scores reach the terminal, though the session may have no file.
    assert re.search(r"^n +1\.000", done.stdout, re.MULTILINE)

    assert 0 == _mount(small_disk, "-o", f"remount,size={LARGE}")
    again = _run(small_disk, *way)

    assert 0 == again.returncode, again.stdout
    assert N - n_stored == len(server.requests) - n_asked
    assert N == len(_stored(small_disk))


def test_a_disk_that_is_full_is_found_before_the_first_call(small_disk, server, way):
    """Nothing is paid for that could not be stored."""
    _write(small_disk, server, "recordings")
    with (small_disk / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass

    done = _run(small_disk, *way)

    assert done.returncode not in (0, 3), done.stdout
    assert "no result could be stored in .llmeval, so nothing is asked" in done.stdout
    assert [] == server.requests


@pytest.mark.parametrize("mode", ["auto", "live"])
def test_a_folder_that_cannot_be_written_is_found_before_the_first_call(project, server, way, mode):
    """Live stores no answer, but has a session to write."""
    _write(project.path, server, "")
    (project.path / ".llmeval").write_text("a file where the folder should be")

    done = _run(project.path, *way, f"--llmeval-cache={mode}")

    assert done.returncode not in (0, 3), done.stdout
    assert [] == server.requests


def test_where_no_file_may_grow_what_was_paid_for_is_stored_or_named(project, server, way):
    """A limit on the size of files stands for a full disk, where nobody is root."""
    _write(project.path, server, "")
    limit = 150_000

    done = _run(
        project.path, *way, before=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    )

    n_asked, n_stored = len(server.requests), len(_stored(project.path))
    assert done.returncode not in (0, 3), done.stdout
    assert 0 < n_stored <= n_asked < N
    assert n_asked == n_stored + _n_unstored(done), done.stdout

    assert 0 == _run(project.path, *way).returncode
    assert N - n_stored == len(server.requests) - n_asked
