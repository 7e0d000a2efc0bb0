"""What was paid for is not bought twice: kills at any moment, two runs at once, a stop by SIGTERM (FAULTS 1, 2, 8)."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from pytest_llmeval.loopback import Loopback, Reply
from pytest_llmeval.store import holdings

N = 20
LATENCY_S = 0.15
# Long enough for a reply that has left the provider to be read and stored; on a busy machine that takes the longer, the
# longer whoever sleeps is kept waiting there.
SETTLED_S = 0.25
DELAYS = 10
_NAP_S = 0.01

SUITE = f"""
import pytest
from pytest_llmeval import assert_score

async def graded(output, judge):
    return float(bool((await judge.acall("Grade: " + output)).text))

@pytest.mark.parametrize("number", range({N}))
def test_case(llm, number):
    assert_score("graded", graded, output=llm(f"question {{number}}"))
"""


class Provider:
    """Notes when each question came, and when the reply to it left."""

    def __init__(self):
        self.replied = []
        self.lock = threading.Lock()

    def __call__(self, body):
        """Answer after a while."""
        question, asked_s = body["messages"][-1]["content"], time.monotonic()
        time.sleep(LATENCY_S)
        with self.lock:
            self.replied.append((question, asked_s, time.monotonic()))
        return Reply(f"answer to {question}")

    def times_s(self):
        """When each question was asked and answered, again and again, on the monotonic clock."""
        with self.lock:
            times = {}
            for question, asked_s, replied_s in self.replied:
                times.setdefault(question, []).append((asked_s, replied_s))
            return times


@pytest.fixture
def provider():
    """A provider that counts."""
    return Provider()


@pytest.fixture
def suite(project, provider):
    """A project of 20 tests with two dependent calls each."""
    with Loopback(provider) as server:
        project.write(
            "pytest.ini",
            f"""[pytest]
llmeval_model = openai/m
llmeval_judge = openai/judge
llmeval_api_base = {server.url}
llmeval_judge_api_base = {server.url}
llmeval_concurrency = 5
llmeval_recordings = recordings
""",
        )
        project.write("test_suite.py", SUITE)
        yield project


def start(suite, *args):
    """Start pytest in a process, and a group of processes, of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.Popen(  # noqa: S603
        command,
        cwd=suite.path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process):
    """Wait for its end, and return its exit status and output."""
    output, _ = process.communicate(timeout=60)
    assert "INTERNALERROR" not in output, output
    assert "Traceback (most recent call last)" not in output, output
    return process.returncode, output


def kill_after(suite, provider, n_answers, pause_s, *args):
    """Start a run, kill it and its workers some answers and some time later.

    Returns:
        When that was, and when an answer had left that was surely stored by then.
    """
    n_before = len(provider.replied)
    process = start(suite, *args)
    deadline_s = time.monotonic() + 30
    while len(provider.replied) < n_before + n_answers and process.poll() is None and time.monotonic() < deadline_s:
        time.sleep(_NAP_S)
    began_s, delay_s = time.monotonic(), 0.0
    while (now_s := time.monotonic()) < began_s + pause_s:
        time.sleep(_NAP_S)
        delay_s = max(delay_s, time.monotonic() - now_s - _NAP_S)
    killed_s = time.monotonic()
    with suppress(ProcessLookupError):  # nothing was left to ask, and it has ended
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return killed_s, killed_s - SETTLED_S - DELAYS * delay_s


@pytest.mark.parametrize(("n_kills", "args"), [(12, ()), (5, ("-n2",))], ids=["12", "5-n2"])
def test_kills_lose_no_answer_that_was_paid_for(suite, provider, n_kills, args):
    """SIGKILL while tests are parked, again and again: an answer that had arrived is replayed from then on."""
    kills = [kill_after(suite, provider, 1 + n % 3, 0.05 * n, *args) for n in range(n_kills)]

    status, output = finish(start(suite, *args))

    assert 0 == status, output
    times_s = provider.times_s()
    assert 2 * N == len(times_s)
    lost = [once for times in times_s.values() for once in times[:-1]]
    # The asker was dead when the reply left, or had no time to read and store it.
    excused = [
        next(settled_s for killed_s, settled_s in kills if killed_s > asked_s) < replied_s
        for asked_s, replied_s in lost
    ]
    assert all(excused), "an answer was bought again though it had been here"
    assert 2 * N + len(lost) == len(provider.replied)
    assert () == holdings.of_working_cache(suite.path / ".llmeval" / "llmeval.db").damaged
    recorded = holdings.of_recordings(suite.path / "recordings" / "test_suite.jsonl")
    assert (2 * N, ()) == (len({one.response.key for one in recorded.stored}), recorded.damaged)


def test_a_kill_leaves_the_session_and_the_baseline_of_the_run_before(suite, provider):
    """Both are whole, and what they were; the baseline's run is the same, to the last byte."""
    assert 0 == finish(start(suite, "--llmeval-baseline-update"))[0]
    folder = suite.path / "baselines"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    session_id = suite.session.id

    for pause_s in (0.0, 0.3, 0.6):
        kill_after(suite, provider, 1, pause_s, "--llmeval-cache=refresh", "--llmeval-baseline-update")

    assert session_id == suite.session.id
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("n_runs", "args"), [(1, ()), (2, ()), (4, ()), (2, ("-n2",))], ids=["1", "2", "4", "2-n2"])
def test_runs_at_once_send_each_request_once_and_lose_nothing(suite, provider, n_runs, args):
    """Pytest processes on one cache, also with two workers each; a replay then finds every answer, whole."""
    runs = [start(suite, *args) for _ in range(n_runs)]

    ended = [finish(run) for run in runs]

    assert [0] * n_runs == [status for status, _ in ended], ended
    assert 2 * N == len(provider.times_s()) == len(provider.replied)
    status, output = finish(start(suite, "--llmeval-cache=replay"))
    assert 0 == status, output
    held = holdings.of_working_cache(suite.path / ".llmeval" / "llmeval.db")
    assert (2 * N, ()) == (len({one.response.key for one in held.stored}), held.damaged)


def test_sigterm_keeps_what_has_landed_and_is_never_green(suite, provider):
    """As CI stops a job: exit status 2, the session is marked, the next run pays for the rest only."""
    process = start(suite)
    deadline_s = time.monotonic() + 30
    while len(provider.replied) < N + 10 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)

    status, output = finish(process)

    assert 2 == status, output
    assert "interrupted" == suite.session.stopped
    assert 0 < len(suite.session.results) < N
    assert "exit status 2: the run was interrupted" in output
    n_paid = len(provider.replied)
    assert 0 == finish(start(suite))[0]
    # Five calls were in flight, and the replies to five others had perhaps just left.
    assert len(provider.replied) <= 2 * N + 10
    assert n_paid < len(provider.replied)
