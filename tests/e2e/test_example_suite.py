"""The example suite as a user runs it: what it leaves behind agrees, in every sink."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmeval.gather import session_file

# MLflow's own libraries warn when it is used; that is between them.
pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]

EXAMPLES = Path(__file__).parents[2] / "example_tests"
FLAGS = ("-n2", "--llmeval-cache=replay", "--llmeval-gate=pr", "--llmeval-report=prom", "--llmeval-mlflow")


def _run(folder, *args, prompt="prompts/support.md"):
    environment = os.environ | {"SUPPORT_PROMPT": prompt}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.fixture
def examples(tmp_path):
    """The suite in a folder of its own."""
    folder = tmp_path / "example_tests"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns(".llmeval", "__pycache__"))
    return folder


def test_session_mlflow_and_prometheus_hold_the_same_means(examples):
    """One session, three sinks; promtool accepts the metrics."""
    from mlflow import MlflowClient

    done = _run(examples, *FLAGS)

    assert 0 == done.returncode, done.stdout + done.stderr
    session = session_file.read(examples / ".llmeval" / "session.jsonl")
    means = {(summary.suite, summary.metric): summary.mean for summary in session.summaries}
    assert 13 == len(means)

    client = MlflowClient(f"sqlite:///{examples}/.llmeval/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("llmeval").experiment_id])
    recorded = {key: run.data.metrics[f"{key[0]}.{key[1]}/mean"] for key in means}
    assert means == recorded

    text = (examples / ".llmeval" / "llmeval.prom").read_bytes()
    promtool = shutil.which("promtool")
    assert promtool, "e2e needs Debian's package prometheus"
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)  # noqa: S603
    assert (0, b"", b"") == (checked.returncode, checked.stdout, checked.stderr)


def test_the_worse_prompt_is_red_and_green_after_accept(examples):
    """REGRESSED with at least three cases by name; accepted with a reason, it is the new normal."""
    worse = "prompts/support_worse.md"

    red = _run(examples, *FLAGS[:3], prompt=worse)
    assert 1 == red.returncode, red.stdout
    named = {line.split()[1] for line in red.stdout.splitlines() if line.startswith("REGRESSED test_")}
    assert 3 <= len(named)

    command = Path(sys.executable).with_name("llmeval")
    accept = [command, "baseline", "accept", "--reason", "asks first now"]
    accepted = subprocess.run(accept, cwd=examples, capture_output=True, text=True, check=False)  # noqa: S603
    assert 0 == accepted.returncode, accepted.stderr

    green = _run(examples, *FLAGS[:3], prompt=worse)
    assert 0 == green.returncode, green.stdout


def test_no_key_no_network_no_litellm(examples):
    """Replaying asks nobody and imports no client: in the controller and in its workers."""
    (examples / "conftest.py").write_text(
        "import sys\n\n\ndef pytest_sessionfinish(session):\n"
        "    assert not {'litellm', 'openai', 'aiohttp'} & set(sys.modules)\n"
        "    open('workers.txt', 'a').write('seen\\n')\n"
    )

    done = _run(examples, *FLAGS[:3])

    assert 0 == done.returncode, done.stdout + done.stderr
    assert 3 == len((examples / "workers.txt").read_text().splitlines())
