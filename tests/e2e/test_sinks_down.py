"""FAULTS 20, from outside: a server of no use costs a line and some seconds, and gets its session later, once.

So does a merge of shards, which send nothing themselves.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from pytest_llmeval.gather import session_file
from tests.e2e import servers
from tests.e2e.faulty import FAULTS, faulty

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]

N = 6
SUITE = f"""
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("n", range({N}))
def test_case(n):
    assert_score("kept", n / 10, threshold=0.25, output=f"answer {{n}}")
"""
LLMEVAL = Path(sys.executable).with_name("llmeval")
LONGEST_S = 15.0


@pytest.fixture
def folder(tmp_path):
    """A project of six cases, three of which fail."""
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def run(folder, *command, **environ):
    """Run a command in the project, and return what it did."""
    whole = {**os.environ, "PYTHONSAFEPATH": "1", **environ}
    done = subprocess.run(  # noqa: S603 - ours
        [*map(str, command)], cwd=folder, env=whole, capture_output=True, text=True, check=False, timeout=300
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return done


def until_told(folder, *flags):
    """Run the suite; return its exit status, what it printed, and when it printed that something was not written."""
    command = [sys.executable, "-u", "-m", "pytest", "-q", "-p", "no:cacheprovider", *flags]
    environ = {**os.environ, "PYTHONSAFEPATH": "1"}
    told_s, page = 0.0, []
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        for line in process.stdout:
            page.append(line)
            told_s = told_s or ("was not written" in line) * time.monotonic()
    return process.returncode, "".join(page), told_s


def pytest_run(folder, *flags):
    """Run the suite; half of it fails whatever becomes of its session."""
    return run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *flags)


def export(folder, kind, url, **environ):
    """Send the newest session."""
    return run(folder, LLMEVAL, "export", "--to", kind, "--output", url, **environ)


def shard(folder, number, told):
    """Run one of two shards, and return the file it leaves; nothing else of it is there when the merge comes."""
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--llmeval-shard={number}/2")
    said = run(folder, *command, **told).stdout
    assert f"shard {number} of 2 leaves mlflow, pushgateway to `llmeval merge`" in said
    left = shutil.copyfile(folder / ".llmeval" / "session.jsonl", folder / f"{number}.jsonl")
    shutil.rmtree(folder / ".llmeval")
    return left


def series(url):
    """Return our samples in the Pushgateway."""
    text = urlopen(f"{url}/metrics").read().decode()  # noqa: S310 - our own
    return [line for line in text.splitlines() if line.startswith("llmeval_")]


def rows(folder, query):
    """Return what SQLite itself holds."""
    with sqlite3.connect(folder / "later.db") as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An MLflow database with nothing but its tables, which take seconds to make."""
    path = tmp_path_factory.mktemp("mlflow") / "template.db"
    code = "import mlflow, sys; mlflow.MlflowClient(sys.argv[1]).search_experiments()"
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{path}"], check=True, capture_output=True)  # noqa: S603
    return path


@pytest.fixture
def later(template, folder):
    """The tracker that is there in the end; its URI."""
    (folder / "later.db").write_bytes(template.read_bytes())
    return f"sqlite:///{folder / 'later.db'}"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("sink", ["mlflow", "pushgateway"])
def test_a_sink_of_no_use_costs_a_line_and_some_seconds(folder, sink, fault):
    """Named, without a traceback; same exit status, whole session, and given up within 15 s of the first try."""
    with faulty(fault) as server:
        status, page, told_s = until_told(folder, f"--llmeval-{sink}={server.url}")

    assert 1 == status
    assert "Traceback" not in page
    assert "exit status 1: 3 tests failed" in page
    (told,) = re.findall(rf"^llmeval: {sink} was not written; the session is safe in .*$", page, re.MULTILINE)
    assert server.url.removeprefix("http://") in told
    assert told_s - (server.first_s or told_s) < LONGEST_S
    assert N == len(session_file.read(folder / ".llmeval" / "session.jsonl").results)


def test_what_mlflow_missed_is_sent_later_once(folder, later):
    """Twice said, once there: one run with its means, and a trace for each failed case."""
    with faulty("fails") as server:
        pytest_run(folder, f"--llmeval-mlflow={server.url}")

    said = [export(folder, "mlflow", later) for _ in range(2)]

    assert [0, 0] == [done.returncode for done in said]
    ((run,),) = rows(folder, "select run_uuid from runs")
    assert all(done.stdout.strip().endswith(f"is in MLflow, run {run}") for done in said)
    assert [("FINISHED", 1)] == rows(folder, "select status, count(*) from runs")
    assert [(0.25,)] == rows(folder, "select value from metrics where key = 'kept/mean'")
    assert [(3, 3)] == rows(folder, "select count(*), count(distinct request_id) from trace_info")


@pytest.mark.parametrize(
    "moment",
    ["select 1 from runs", "select 1 from metrics", "select 1 from trace_info", "select 1 from assessments"],
    ids=lambda query: query.rpartition(" ")[2],
)
def test_an_export_that_is_killed_is_completed_by_the_next(folder, later, moment):
    """SIGKILL as soon as the first row of that table is there: in the end each case has one trace with its feedback."""
    pytest_run(folder)
    environ = {**os.environ, "PYTHONSAFEPATH": "1", "LLMEVAL_MLFLOW_TRACES": "all"}
    command = [str(LLMEVAL), "export", "--to", "mlflow", "--output", later]
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    while process.poll() is None and not rows(folder, moment):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    was_killed = process.wait() == -signal.SIGKILL

    assert 0 == export(folder, "mlflow", later, LLMEVAL_MLFLOW_TRACES="all").returncode

    assert was_killed
    assert [("FINISHED", 1)] == rows(folder, "select status, count(*) from runs")
    assert [(1,)] == rows(folder, "select count(*) from metrics where key = 'kept/mean'")
    assert [(N, N)] == rows(
        folder,
        "select count(*), count(distinct value) from trace_tags where key = 'mlflow.eval.requestId'",
    )
    assert [(N, N)] == rows(folder, "select count(*), count(distinct trace_id) from assessments where name = 'kept'")


def test_what_the_gateway_missed_is_pushed_later_and_twice_is_once(folder, tmp_path):
    """The same series, the same values, and no second group."""
    with faulty("fails") as server:
        pytest_run(folder, f"--llmeval-pushgateway={server.url}")

    with servers.pushgateway(tmp_path) as url:
        pushed = []
        for _ in range(2):
            assert 0 == export(folder, "pushgateway", f"{url}/metrics/job/shop").returncode
            pushed.append(series(url))
            groups = json.load(urlopen(f"{url}/api/v1/metrics"))["data"]  # noqa: S310 - our own

    assert any(line.startswith("llmeval_score_mean{") for line in pushed[0])
    assert pushed[0] == pushed[1]
    assert len(groups) == len({tuple(sorted(group["labels"].items())) for group in groups})


def test_shards_send_nothing_and_their_merge_sends_the_whole_once(folder, later, tmp_path):
    """Each shard leaves both sinks to the merge; two merges: one run, a trace a failed case, one series."""
    with servers.pushgateway(tmp_path) as url:
        told = {"LLMEVAL_MLFLOW": later, "LLMEVAL_PUSHGATEWAY": f"{url}/metrics/job/shop"}
        shards = [shard(folder, number, told) for number in (1, 2)]
        sent_by_shards = rows(folder, "select run_uuid from runs"), series(url)
        statuses, pushed = [], []
        for _ in range(2):
            statuses.append(run(folder, LLMEVAL, "merge", *shards, **told).returncode)
            pushed.append(series(url))

    merged = session_file.read(folder / ".llmeval" / "session.jsonl")
    assert ([], []) == sent_by_shards
    assert [1, 1] == statuses
    # In no order of ours: two that began in one second differ in a random part.
    assert {session_file.read(path).id for path in shards} == set(merged.merged)
    (mean,) = (line for line in pushed[0] if line.startswith("llmeval_score_mean{"))
    assert mean.endswith(" 0.25")
    assert pushed[0] == pushed[1]
    assert [("FINISHED", 1)] == rows(folder, "select status, count(*) from runs")
    assert [(0.25,)] == rows(folder, "select value from metrics where key = 'kept/mean'")
    assert [(3, 3)] == rows(folder, "select count(*), count(distinct request_id) from trace_info")
    assert [(merged.id,)] == rows(folder, "select value from tags where key = 'llmeval.session'")
