"""``deploy/compose``: its services run, find each other by name, and take what a suite sends.

Without images, which no registry gives here: ``tests/e2e/stack.py`` says how. Grafana and the gateway's database are
not among them.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack

import pytest

from tests.e2e import stack
from tests.e2e.servers import eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own can be made by root only"),
]
MLFLOW = "http://mlflow:5000"
SUITE = "from pytest_llmeval import assert_score\n\ndef test_one():\n    assert_score('kept', 0.75)\n"


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """All that can run here, in the order in which they depend on each other."""
    with stack.network(tmp_path_factory.mktemp("stack"), stack.example()) as made, ExitStack() as running:
        for name in ("postgres", "mlflow", "pushgateway", "prometheus", "alertmanager"):
            running.enter_context(made.up(name))
        yield made


def _suite(services, folder, **environment):
    (folder / "test_one.py").write_text(SUITE)
    flags = [f"--llmeval-mlflow={MLFLOW}", "--llmeval-pushgateway=http://pushgateway:9091/metrics/job/shop"]
    done = services.run(sys.executable, "-m", "pytest", *flags, "-p", "no:cacheprovider", cwd=folder, **environment)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "llmeval: warning" not in done.stdout, done.stdout
    return done.stdout


def _prometheus(services, path):
    status, body = services.get(f"http://prometheus:9090/api/v1/{path}")
    assert 200 == status, body
    return json.loads(body)["data"]


def _sql(services, role, database, query):
    password = stack.example()[f"{role.upper()}_DB_PASSWORD"]
    words = ["psql", "--no-psqlrc", "-XAt", "-h", "postgres", "-U", role, "-d", database, "-c", query]
    return services.run(*words, PGPASSWORD=password)


def test_a_session_goes_into_the_tracker_and_into_prometheus(services, tmp_path):
    """By the addresses that docs/deploy.md gives: MLflow's tables and files, and a sample under the suite's own job."""
    _suite(services, tmp_path)

    found = _sql(services, "mlflow", "mlflow", "select value from latest_metrics where key = 'kept/mean'")
    assert "0.75\n" == found.stdout, found.stderr
    kept = {path.name for path in (services.folder / "mlflow-mlflow").rglob("*.json*")}
    (session,) = (tmp_path / ".llmeval" / "sessions").iterdir()
    assert {session.name, "verdict.json"} <= kept
    (sample,) = eventually(lambda: _prometheus(services, "query?query=llmeval_score_mean")["result"])
    assert ("shop", "kept", "0.75") == (sample["metric"]["job"], sample["metric"]["metric"], sample["value"][1])


def test_alerts_have_somewhere_to_go(services):
    """Prometheus has found Alertmanager by the name in its configuration, and has our rules."""
    active = eventually(lambda: _prometheus(services, "alertmanagers")["activeAlertmanagers"])
    assert ["http://alertmanager:9093/api/v2/alerts"] == [one["url"] for one in active]
    assert {"llmeval", "llmeval-alerts"} == {group["name"] for group in _prometheus(services, "rules")["groups"]}


def test_a_database_opens_for_its_own_program_only(services):
    """A password and a database each; none opens another's, and without a password none is opened."""
    own = _sql(services, "gateway", "gateway", "select current_user")
    assert "gateway\n" == own.stdout, own.stderr
    for role, database in [("gateway", "mlflow"), ("mlflow", "gateway"), ("llmeval", "mlflow"), ("mlflow", "llmeval")]:
        assert f'permission denied for database "{database}"' in _sql(services, role, database, "select 1").stderr
    bare = services.run("psql", "-h", "postgres", "-U", "mlflow", "-d", "mlflow", "--no-password", "-c", "select 1")
    assert "no password supplied" in bare.stderr


def test_a_team_has_a_store_where_it_makes_its_own_tables(services):
    """In a schema of its own, which pytest-llmeval makes at its first run."""
    made = _sql(services, "llmeval", "llmeval", "create schema one; create table one.two (n int)")
    assert 0 == made.returncode, made.stderr


def test_the_tracker_answers_to_its_own_names_only(services):
    """A page in a browser that was led here by another name gets nothing."""
    assert 200 == services.get(f"{MLFLOW}/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default")[0]
    assert 403 == services.get(f"{MLFLOW}/api/2.0/mlflow/experiments/search", Host="evil.example")[0]


def test_a_tenant_does_not_see_the_runs_of_another(services, tmp_path):
    """A workspace each: the same experiment's name, other runs."""
    make = "import mlflow, sys; mlflow.create_workspace(sys.argv[1])"
    count = "import mlflow; print(len(mlflow.search_runs(experiment_names=['llmeval'])))"
    for tenant in ("tenant-a", "tenant-b"):
        done = services.run(sys.executable, "-c", make, tenant, MLFLOW_TRACKING_URI=MLFLOW)
        assert 0 == done.returncode, done.stderr
    _suite(services, tmp_path, MLFLOW_WORKSPACE="tenant-a")

    seen = [
        services.run(sys.executable, "-c", count, MLFLOW_TRACKING_URI=MLFLOW, MLFLOW_WORKSPACE=tenant).stdout.strip()
        for tenant in ("tenant-a", "tenant-b")
    ]
    assert ["1", "0"] == seen
