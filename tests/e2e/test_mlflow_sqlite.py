"""A real MLflow on a real SQLite file: what is read back is what the session holds, once."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports.mlflow import record
from tests.unit.sessions import FAITHFULNESS, REGRESSED, RELEVANCE, SUMMARY_SCORES, session

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e

# A third has no exact float, so the last bit is at stake.
THIRD = replace(RELEVANCE, suite="", mean=sum(SUMMARY_SCORES[:2]) / 3, n_cases=3)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an MLflow database without runs; making its tables takes seconds, copying it none."""
    path = tmp_path_factory.mktemp("mlflow") / "template.db"
    record(session(), uri=f"sqlite:///{path}", experiment="template")
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path) -> Path:
    """Return a database of the test's own, in a folder whose name needs quoting."""
    folder = tmp_path / "a team's 100%"
    folder.mkdir()
    path = folder / "mlflow.db"
    path.write_bytes(template.read_bytes())
    return path


def rows(database: Path, query: str, *values: str) -> list[tuple[object, ...]]:
    """Return what SQLite itself holds, without MLflow between."""
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def of_run(database: Path, table: str, run: str) -> dict[object, object]:
    """Return the keys and values of a run: of ``latest_metrics``, ``params`` or ``tags``."""
    return dict(rows(database, f"select key, value from {table} where run_uuid = ?", run))  # noqa: S608  # a literal


def test_the_means_are_the_session_s_to_the_last_bit(database: Path) -> None:
    """What a chart shows in MLflow is what the gate decided on."""
    run = record(session(summaries=(THIRD,)), uri=f"sqlite:///{database}")

    assert THIRD.mean == of_run(database, "latest_metrics", run)["relevance/mean"]


def test_mlflow_s_own_client_finds_an_evaluation_run(database: Path) -> None:
    """The run is of the type that MLflow's evaluation page lists, finished, under the session's time."""
    from mlflow import MlflowClient

    run = MlflowClient(f"sqlite:///{database}").get_run(record(session(), uri=f"sqlite:///{database}"))

    assert run.data.tags == {
        "mlflow.note.content": "- REGRESSED `test_refund[eu]`: relevance fell from 0.9 to 0.3.\n- 1 case is new.",
        "mlflow.runName": "20260131T120000Z-1f2e3d4c",
        "mlflow.runType": "genai_evaluate",
        "mlflow.source.git.branch": "shorter-prompt",
        "mlflow.source.git.commit": "3fbf8b6",
        "llmeval.session": "20260131T120000Z-1f2e3d4c",
        "llmeval.valid": "true",
        "llmeval.verdict": "regressed",
    }
    assert ("FINISHED", 1769860800000, 1769860812340) == (run.info.status, run.info.start_time, run.info.end_time)


def test_every_figure_of_two_suites_is_there(database: Path) -> None:
    """Suites have their own means, and each metric one over all its cases."""
    other = replace(RELEVANCE, suite="summaries", mean=0.7, n_cases=1, n_scored=5)
    run = record(session(summaries=(RELEVANCE, other, FAITHFULNESS)), uri=f"sqlite:///{database}")

    assert of_run(database, "latest_metrics", run) == {
        "cost_usd": 0.005,
        "duration_s": 12.34,
        "n_cases": 3.0,
        "n_input_tokens": 120.0,
        "n_lost": 0.0,
        "n_output_tokens": 60.0,
        "support.relevance/drop": 0.3,
        "support.relevance/high": 0.63,
        "support.relevance/low": 0.47,
        "support.relevance/mean": 0.55,
        "support.relevance/n_below": 1.0,
        "support.relevance/n_scored": 10.0,
        "support.relevance/n_unscored": 0.0,
        "summaries.relevance/high": 0.63,
        "summaries.relevance/low": 0.47,
        "summaries.relevance/mean": 0.7,
        "summaries.relevance/n_below": 1.0,
        "summaries.relevance/n_scored": 5.0,
        "summaries.relevance/n_unscored": 0.0,
        "summaries.faithfulness/high": 1.0,
        "summaries.faithfulness/low": 0.5,
        "summaries.faithfulness/mean": 0.75,
        "summaries.faithfulness/n_below": 0.0,
        "summaries.faithfulness/n_scored": 4.0,
        "summaries.faithfulness/n_unscored": 1.0,
        "faithfulness/high": 1.0,
        "faithfulness/low": 0.5,
        "faithfulness/mean": 0.75,
        "faithfulness/n_below": 0.0,
        "faithfulness/n_scored": 4.0,
        "faithfulness/n_unscored": 1.0,
        "relevance/mean": 1.8 / 3,
        "relevance/n_below": 2.0,
        "relevance/n_scored": 15.0,
        "relevance/n_unscored": 0.0,
    }


def test_an_unscored_suite_has_no_mean(database: Path) -> None:
    """Unscored is never zero, in MLflow neither."""
    unscored = replace(RELEVANCE, mean=None, low=None, high=None, n_cases=0, n_scored=0, n_unscored=10)
    run = record(session(summaries=(unscored,)), uri=f"sqlite:///{database}")

    assert "relevance/mean" not in of_run(database, "latest_metrics", run)
    assert 10.0 == of_run(database, "latest_metrics", run)["relevance/n_unscored"]


def test_the_models_under_test_and_the_settings_are_params(database: Path) -> None:
    """A reader sees what was run; the judge is not a model under test."""
    run = record(session(), uri=f"sqlite:///{database}")

    assert of_run(database, "params", run) == {
        "cache": "auto",
        "dataset_hash": "17bf3859bba2a1ec",
        "gate": "pr",
        "git.head": "3fbf8b6",
        "models": "openai/smollm2",
        "trials": "5",
        "version.pytest-llmeval": "0.1.0",
        "version.python": "3.11.7",
    }


def test_a_session_is_recorded_once(database: Path) -> None:
    """Sending it again finds its run; another session gets its own (FAULTS 20)."""
    first = record(session(), uri=f"sqlite:///{database}")
    again = record(session(), uri=f"sqlite:///{database}")
    other = record(session(id="20260131T130000Z-00000000"), uri=f"sqlite:///{database}")

    assert first == again
    assert first != other
    assert [(1,)] == rows(database, "select count(*) from runs where run_uuid = ?", first)


def test_a_run_that_an_earlier_attempt_left_half_written_is_finished(database: Path, tmp_path: Path) -> None:
    """An artifact that cannot be read stops the first attempt; the second completes the same run, no figure twice."""
    uri = f"sqlite:///{database}"
    with pytest.raises(LlmevalError):
        record(session(), uri=uri, artifacts=[tmp_path / "missing.jsonl"])
    running = rows(database, "select run_uuid from runs where status = 'RUNNING'")
    run = record(session(), uri=uri)

    assert [(run,)] == running
    assert [("FINISHED",)] == rows(database, "select status from runs where run_uuid = ?", run)
    assert [] == rows(database, "select key from metrics group by run_uuid, key having count(*) > 1")


def test_artifacts_stand_beside_the_database(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session file goes where the database is; the folder pytest was started in stays as it was."""
    (tmp_path / "session.jsonl").write_text("{}\n")
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    run = record(session(), uri=f"sqlite:///{database}", artifacts=[tmp_path / "session.jsonl"])
    (location,) = rows(database, "select artifact_uri from runs where run_uuid = ?", run)[0]

    folder = database.parent / "mlflow-artifacts" / run / "artifacts"
    assert str(folder) == url2pathname(urlsplit(str(location)).path)
    assert ["session.jsonl", "verdict.json"] == sorted(path.name for path in folder.iterdir())
    assert [] == list((tmp_path / "cwd").iterdir())


def test_names_that_mlflow_refuses_are_made_fit(database: Path) -> None:
    """A user's own metric may have any name; it costs neither the run nor the folder it names."""
    odd = replace(RELEVANCE, suite="../../x", metric="tone & style/\x1b[31m" + "y" * 300)
    run = record(session(summaries=(odd, FAITHFULNESS), verdict=None), uri=f"sqlite:///{database}")
    name = f"tone _ style_{'y' * 94}..."

    assert 0.55 == of_run(database, "latest_metrics", run)[f"_.._x.{name}/mean"]


def test_nothing_is_printed_while_tables_are_made(tmp_path: Path) -> None:
    """A first run makes sixty tables and says nothing; also under the user's ``-W error``."""
    code = (
        "import sys; from pytest_llmeval.exports.mlflow import record;"
        "from pytest_llmeval.records import Session;"
        "record(Session(id='a', started_at='2026-01-31T12:00:00Z'), uri=sys.argv[1])"
    )
    told = subprocess.run(  # noqa: S603  # our own interpreter and code
        [sys.executable, "-W", "error", "-c", code, f"sqlite:///{tmp_path}/new/mlflow.db"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "", "") == (told.returncode, told.stdout, told.stderr)


def test_a_dead_tracker_is_a_named_error_without_its_password(tmp_path: Path) -> None:
    """Address, cause and what to do in three lines; the key to the tracker is not among them (FAULTS 20, 23)."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(LlmevalError) as caught:
        record(session(), uri=f"http://team:hunter2@127.0.0.1:{port}")

    assert (
        f"session '20260131T120000Z-1f2e3d4c' is not in MLflow at 'http://team:***@127.0.0.1:{port}'"
        == caught.value.what
    )
    assert caught.value.found.endswith("from ConnectionRefusedError: [Errno 111] Connection refused")
    assert "hunter2" not in str(caught.value)
    assert 3 == len(str(caught.value).splitlines())


def test_a_silent_tracker_is_asked_twice_and_then_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that accepts and never answers holds the end of a run for two timeouts, not for minutes (FAULTS 20)."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")  # the user's own setting wins over ours
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(LlmevalError) as caught:
            record(session(), uri=f"http://127.0.0.1:{server.getsockname()[1]}")
        server.setblocking(False)
        n_asked = 0
        with suppress(BlockingIOError):
            while True:
                server.accept()[0].close()
                n_asked += 1

    assert 2 == n_asked
    assert caught.value.found.endswith("from TimeoutError: timed out")


@pytest.mark.parametrize(
    ("uri", "extra"), [("sqlite:///x.db", "mlflow-local"), ("https://mlflow.example", "mlflow")], ids=["file", "server"]
)
def test_a_missing_mlflow_names_the_command_that_installs_it(
    uri: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line to copy, with the extra that the URI needs."""
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(LlmevalError) as caught:
        record(session(verdict=REGRESSED), uri=uri)

    assert f"pip install 'pytest-llmeval[{extra}]'" == caught.value.hint
