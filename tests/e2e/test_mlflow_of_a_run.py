"""``pytest --llmeval-mlflow`` as a user types it: what is in MLflow is the whole of what was asked and answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from pytest_llmeval.loopback import Loopback

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]

SUITE = """
from pytest_llmeval import assert_score

def test_refund(llm):
    answer = llm("How do I get a refund?", system="Be brief.")
    assert_score("brief", float(len(answer.text) < 5), threshold=0.5, reason="it is long")
"""


@pytest.fixture
def client(tmp_path, monkeypatch):
    """MLflow's own client, after a run in which the check failed."""
    from mlflow import MlflowClient

    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_shop.py").write_text(SUITE)
    with Loopback(lambda _: "Within thirty days.") as server:
        (tmp_path / "pytest.ini").write_text(f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        command = [sys.executable, "-m", "pytest", "-q", "--llmeval-trials=2", "--llmeval-mlflow"]
        environ = {**os.environ, "PYTHONSAFEPATH": "1"}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
    assert 1 == done.returncode, done.stdout
    assert "mlflow was not written" not in done.stdout
    return MlflowClient(f"sqlite:///{tmp_path / '.llmeval' / 'mlflow.db'}")


def test_a_failed_case_holds_request_and_answer(client):
    """And the parameters name the prompt by its digest."""
    experiment = client.get_experiment_by_name("llmeval").experiment_id
    (run,) = client.search_runs([experiment])
    (trace,) = client.search_traces(locations=[experiment], run_id=run.info.run_id)

    assert 16 == len(run.data.params["prompt_hash"])
    spans = {span.name: span for span in trace.data.spans}
    assert 2 == sum(name.startswith("trial ") for name in spans)
    asked = [span.inputs["messages"] for span in trace.data.spans if span.span_type == "CHAT_MODEL"]
    assert [["Be brief.", "How do I get a refund?"]] * 2 == [[one["content"] for one in messages] for messages in asked]
    assert "Within thirty days." in json.dumps(trace.data.spans[0].outputs)
    assert {"brief": 0.0} == {one.name: one.value for one in trace.info.assessments}
