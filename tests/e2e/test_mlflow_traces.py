"""Cases in MLflow as traces with feedback: complete, once, and never at the cost of the end of a run."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.exports import mlflow_traces
from pytest_llmeval.exports.mlflow import record
from pytest_llmeval.gather import session_file
from tests.e2e import servers
from tests.unit.sessions import session

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]


def client_of(uri):
    """Return MLflow's own client."""
    import mlflow

    return mlflow.MlflowClient(uri)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An MLflow database with nothing but its tables."""
    path = tmp_path_factory.mktemp("mlflow") / "template.db"
    record(session(), uri=f"sqlite:///{path}", experiment="template")
    return path


@pytest.fixture
def uri(template, tmp_path):
    """A database of the test's own."""
    path = tmp_path / "mlflow.db"
    path.write_bytes(template.read_bytes())
    return f"sqlite:///{path}"


def _traces(uri, run):
    client = client_of(uri)
    experiment = client.get_run(run).info.experiment_id
    found = client.search_traces(locations=[experiment], run_id=run)
    return {trace.info.tags["llmeval.case"]: trace for trace in found}


def test_the_regressed_case_holds_the_whole_interaction(uri):
    """Every trial, every call with request, answer, tokens and provenance; the mean as feedback of this very run."""
    run = record(session(), uri=uri, traces="failed")

    trace = _traces(uri, run)["tests/test_support.py::test_refund[eu]"]
    calls = [span for span in trace.data.spans if span.span_type == "CHAT_MODEL"]
    assert 5 == len(calls)
    assert {"messages": [{"role": "user", "content": "Can I return opened headphones?"}]} == calls[0].inputs
    assert {"role": "assistant", "content": "I am a language model."} == calls[0].outputs
    known = calls[0].attributes
    assert {"input_tokens": 20, "output_tokens": 10, "total_tokens": 30} == known["mlflow.chat.tokenUsage"]
    assert ("live", "openai/smollm2", 0.001) == tuple(
        known[name] for name in ("llmeval.provenance", "gen_ai.request.model", "llmeval.cost_usd")
    )
    assert [1.0, 2.0, 3.0, 4.0, 5.0] == sorted((span.end_time_ns - span.start_time_ns) / 1e9 for span in calls)
    (feedback,) = trace.info.assessments
    assert ("relevance", pytest.approx(0.3)) == (feedback.name, feedback.value)
    assert "1 of 5 scored trials reach 0.6. Lowest: shares 20% of the question's words" == feedback.rationale
    assert run == feedback.metadata["mlflow.assessment.sourceRunId"]
    assert (1769860800000, 15000) == (trace.info.request_time, trace.info.execution_duration)


@pytest.mark.parametrize(
    ("which", "cases"),
    [
        ("none", []),
        ("failed", ["faithful[news]", "refund[eu]"]),
        ("all", ["faithful[news]", "refund[delivery]", "refund[eu]"]),
    ],
)
def test_who_gets_a_trace_is_the_users_choice(uri, which, cases):
    """By default those that somebody will look at: a trace takes its time."""
    run = record(session(), uri=uri, traces=which)

    assert cases == sorted(name.partition("::test_")[2] for name in _traces(uri, run))


def test_what_could_not_be_scored_is_an_error_and_no_zero(uri):
    """A judge that timed out in every trial."""
    whole = session()
    (last,) = (result for result in whole.results if result.id.case == "news")
    unscored = tuple(replace(trial, checks=last.trials[-1].checks) for trial in last.trials)
    run = record(session(results=(replace(last, trials=unscored),), verdict=None), uri=uri, traces="all")

    (trace,) = _traces(uri, run).values()
    (feedback,) = trace.info.assessments
    assert (None, "the judge timed out") == (feedback.value, feedback.error.error_message)


def test_two_sessions_compare_case_by_case(uri):
    """A case is known by the same mark in every run."""
    runs = [record(session(id=name), uri=uri, traces="all") for name in ("first", "second")]

    marks = [
        {name: trace.info.tags["mlflow.eval.requestId"] for name, trace in _traces(uri, run).items()} for run in runs
    ]
    assert marks[0] == marks[1]
    assert 3 == len(set(marks[0].values()))
    # The text by which MLflow's page makes rows of two runs; test_mlflow_compare.py looks at it.
    rows = [sorted(trace.info.request_preview for trace in _traces(uri, run).values()) for run in runs]
    assert sorted(marks[0]) == rows[0] == rows[1]
    # The inputs by which ``compare_evaluations`` pairs what is left over: two of the cases ask the same question.
    spans = [span for trace in _traces(uri, runs[0]).values() for span in trace.data.spans]
    assert rows[0] == sorted(span.inputs["case"] for span in spans if span.parent_id is None)


def test_an_attempt_that_died_is_completed_and_no_trace_written_twice(uri, monkeypatch):
    """The second trace fails; sent again, the run has each case once."""
    write, n_begun = mlflow_traces._trace, []

    def dies(*arguments):
        n_begun.append(arguments)
        if len(n_begun) == 2:
            raise OSError(28, "No space left on device")
        return write(*arguments)

    monkeypatch.setattr(mlflow_traces, "_trace", dies)
    with pytest.raises(Exception, match="No space left"):
        record(session(), uri=uri, traces="all")
    monkeypatch.setattr(mlflow_traces, "_trace", write)

    run = record(session(), uri=uri, traces="all")

    client = client_of(uri)
    found = client.search_traces(locations=[client.get_run(run).info.experiment_id], run_id=run)
    assert 3 == len(found)
    assert 3 == len({trace.info.tags["llmeval.case"] for trace in found})
    assert "FINISHED" == client.get_run(run).info.status


def test_what_does_not_fit_in_the_time_is_counted_and_said(uri):
    """No time at all: the run is whole, its traces are not, and both the run and the terminal say so."""
    said = []
    run = record(session(), uri=uri, traces="all", limit_s=0.0, tell=said.append)

    assert {} == _traces(uri, run)
    assert "0 of 3 all" == client_of(uri).get_run(run).data.tags["llmeval.traces"]
    assert 1 == len(said)
    assert "0 of 3 traces (all)" in said[0]


def test_the_users_own_tracker_is_as_it_was(uri):
    """MLflow knows one tracker for a whole process, and the application under test may use it."""
    import mlflow

    before = mlflow.get_tracking_uri()
    record(session(), uri=uri, traces="all")

    assert before == mlflow.get_tracking_uri()


def test_a_server_with_postgresql_behind_it_holds_the_same(tmp_path):
    """MLflow's own server on Debian's PostgreSQL: figures, artifact and traces, and once."""
    (tmp_path / "session.jsonl").write_text("{}\n")
    with servers.postgres(tmp_path) as store, servers.mlflow(tmp_path, store) as url:
        runs = [
            record(session(), uri=url, artifacts=[tmp_path / "session.jsonl"], traces="all", limit_s=math.inf)
            for _ in range(2)
        ]
        client = client_of(url)
        run = client.get_run(runs[0])
        assert runs[0] == runs[1]
        assert (0.55, "FINISHED") == (run.data.metrics["relevance/mean"], run.info.status)
        assert ["session.jsonl", "verdict.json"] == sorted(item.path for item in client.list_artifacts(runs[0]))
        assert 3 == len(_traces(url, runs[0]))


def test_what_had_no_time_is_sent_later_and_once(uri, tmp_path, monkeypatch, capsys):
    """``llmeval export --to mlflow`` completes the traces of a finished run, and names it; again, it adds nothing."""
    run = record(session(), uri=uri, traces="all", limit_s=0.0)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMEVAL_MLFLOW_TRACES", "all")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    session_file.write(session(), tmp_path / ".llmeval")

    for _ in range(2):
        assert 0 == main(["export", "--to", "mlflow", "--output", uri])
        assert f"{session().id} is in MLflow, run {run}" in capsys.readouterr().out

    client = client_of(uri)
    found = client.search_traces(locations=[client.get_run(run).info.experiment_id], run_id=run)
    assert 3 == len(found)
    assert "3 of 3 all" == client.get_run(run).data.tags["llmeval.traces"]
