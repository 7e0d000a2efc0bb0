"""Claims: one process asks, and a dead one never keeps others from asking."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

import pytest_llmeval
from pytest_llmeval.errors import StoreError
from pytest_llmeval.store.claims import Claims

# Does what stands on each line of its input: "take KEY" or "back KEY", and answers every line.
OTHER = """
import sys
from pathlib import Path
from pytest_llmeval.store.claims import Claims

claims = Claims(Path(sys.argv[1]))
for line in sys.stdin:
    verb, key = line.split()
    print(claims.take(key) if verb == "take" else claims.give_back(key), flush=True)
"""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(pytest_llmeval.__file__).parents[1])}
KEY, OTHER_KEY = "a" * 64, "f" * 64


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Where the claims stand, seen from the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".llmeval" / "claims"


@contextmanager
def another(path):
    """Another process; ``say("take", key)`` returns what it answers."""
    with subprocess.Popen(  # noqa: S603  (our own script)
        [sys.executable, "-c", OTHER, str(path)],
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def say(verb, key):
            process.stdin.write(f"{verb} {key}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        try:
            yield process, say
        finally:
            process.kill()


def test_of_two_processes_one_has_a_claim(path):
    """The other is told so at once; another key is free."""
    claims = Claims(path)
    with another(path) as (_, say):
        assert claims.take(KEY) is True
        assert (say("take", KEY), say("take", OTHER_KEY)) == ("False", "True")
        assert (claims.take(KEY), claims.take(OTHER_KEY)) == (True, False)


def test_a_claim_that_is_given_back_is_free(path):
    """For either process; giving back what one does not have changes nothing."""
    claims = Claims(path)
    claims.give_back(KEY)
    with another(path) as (_, say):
        assert say("take", KEY) == "True"
        claims.give_back(KEY)
        assert claims.take(KEY) is False
        say("back", KEY)
        assert claims.take(KEY) is True
        claims.give_back(KEY)
        assert say("take", KEY) == "True"


def test_the_claims_of_a_killed_process_are_free(path):
    """SIGKILL: nothing of the process's own can run (FAULTS 1)."""
    claims = Claims(path)
    with another(path) as (process, say):
        assert say("take", KEY) == "True"
        assert claims.take(KEY) is False
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert claims.take(KEY) is True


def in_child(act):
    """Return the truth of what a forked child finds; it ends at once, without pytest."""
    child = os.fork()
    if child == 0:  # no cover: another process
        try:
            os._exit(0 if act() else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    return {0: True, 1: False}[os.waitstatus_to_exitcode(status)]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_another_process(path):
    """It has no claim of its parent's, and its end takes none away, though it closes what it inherited."""
    claims = Claims(path)
    assert claims.take(KEY) is True
    assert in_child(lambda: claims.take(KEY)) is False
    assert in_child(lambda: claims.take(OTHER_KEY)) is True
    assert in_child(lambda: claims.give_back(KEY) or claims.take(KEY)) is False
    with another(path) as (_, say):
        assert (say("take", KEY), say("take", OTHER_KEY)) == ("False", "True")


def test_threads_of_one_process_share_its_claims(path):
    """All at once, from the first claim on."""
    claims = Claims(path)
    got = []
    threads = [threading.Thread(target=lambda n=n: got.append(claims.take(f"{n:02x}" * 32))) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [True] * 20
    with another(path) as (_, say):
        assert say("take", "13" * 32) == "False"


def test_nothing_is_made_before_the_first_claim_and_then_for_the_owner_only(path, tmp_path):
    """As the cache beside it (FAULTS 30)."""
    claims = Claims(path)
    claims.give_back(KEY)
    assert list(tmp_path.iterdir()) == []
    claims.take(KEY)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (path.parent / ".gitignore").read_text() == "*\n"


def test_a_file_that_cannot_be_made_is_a_named_error(path):
    """A folder stands where the file should be: to root, every ordinary file can be opened."""
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"requests cannot be claimed in \.llmeval/claims") as caught:
        Claims(path).take(KEY)
    assert len(str(caught.value).splitlines()) == 3
