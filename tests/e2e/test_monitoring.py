"""From a session to a firing alert: our push, Debian's Pushgateway, Debian's Prometheus, our rules and dashboards."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from pytest_llmeval.exports.pushgateway import push, push_progress
from pytest_llmeval.records import Against
from tests.e2e import servers
from tests.unit.sessions import JUDGED, KNOWN, REGRESSED, session

pytestmark = pytest.mark.e2e

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def gateway(tmp_path):
    """A Pushgateway of this test's own."""
    with servers.pushgateway(tmp_path) as url:
        yield url


@pytest.fixture
def prometheus(gateway, tmp_path):
    """Prometheus with the very files of ``deploy/``; only the addresses and the pace are this test's."""
    shutil.copy(DEPLOY / "prometheus/llmeval.rules.yml", tmp_path)
    text = (DEPLOY / "prometheus/prometheus.yml").read_text()
    text = text.replace("pushgateway:9091", gateway.removeprefix("http://")).replace("30s", "1s")
    config = tmp_path / "prometheus.yml"
    config.write_text(text)
    with servers.prometheus(tmp_path, config) as server:
        yield server


def _now(**changes):
    """A session of this moment, so that nothing of it is stale yet."""
    from datetime import UTC, datetime

    now = datetime.now(tz=UTC).isoformat(timespec="seconds")
    judged = {"summaries": JUDGED, "uncalibrated": ("faithfulness",)}
    return session(**({"started_at": now, "branch": "main", "against": Against(recorded_at=now)} | judged | changes))


def _expressions():
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            expr = panel["targets"][0]["expr"].replace("$job", ".*").replace("$branch", ".*")
            yield pytest.param(expr, id=f"{path.stem}: {panel['title']}")


def test_a_regression_on_main_fires(gateway, prometheus):
    """Pushed, scraped, judged by the rules: the page fires, and nothing fires that has no reason to."""
    push(_now(), gateway)

    assert servers.eventually(lambda: "LlmevalRegressed" in prometheus.firing())
    quiet = {"LlmevalNoVerdict", "LlmevalStale", "LlmevalLostTests", "LlmevalSpendHigh", "LlmevalBaselineOld"}
    quiet |= {"LlmevalSessionStuck", "LlmevalJudgeAgreementLow"}
    assert set() == quiet & prometheus.firing()


def test_a_judge_that_nobody_has_checked_is_named(gateway, prometheus):
    """The alert has suite and metric; it ends with the first session after ``llmeval judge check``."""
    push(_now(), gateway)
    assert servers.eventually(lambda: "LlmevalJudgeUncalibrated" in prometheus.firing())
    (alert,) = prometheus.query('ALERTS{alertname="LlmevalJudgeUncalibrated", alertstate="firing"}')
    assert ("summaries", "faithfulness") == (alert["metric"]["suite"], alert["metric"]["metric"])

    push(_now(summaries=tuple(replace(one, judged=(KNOWN,)) for one in JUDGED), uncalibrated=()), gateway)

    assert servers.eventually(lambda: "LlmevalJudgeUncalibrated" not in prometheus.firing())


def test_a_session_that_died_fires_until_the_next_one_ends(gateway, prometheus):
    """It said that it runs, a quarter of an hour and more ago, and was never heard of again."""
    so_far = replace(_now(), results=session().results[:1])
    push_progress(so_far, gateway, n_planned=3, at_s=time.time() - 16 * 60, is_running=True)
    assert servers.eventually(lambda: "LlmevalSessionStuck" in prometheus.firing())

    push(_now(), gateway)

    assert servers.eventually(lambda: "LlmevalSessionStuck" not in prometheus.firing())
    (landed,) = prometheus.query('llmeval_progress_cases{outcome="landed"}')
    assert "3" == landed["value"][1]


def test_a_session_that_is_killed_is_left_running_in_the_gateway(gateway, tmp_path):
    """A whole process of pytest pushes progress while a test waits, dies by SIGKILL, and cannot say that it ended."""
    (tmp_path / "test_long.py").write_text(
        "import os, signal, time\nfrom urllib.request import urlopen\nfrom pytest_llmeval import assert_score\n\n"
        "def test_first():\n    assert_score('kept', 0.75)\n\n"
        "def test_second():\n    deadline = time.monotonic() + 60\n"
        f"    while time.monotonic() < deadline and b'landed\"}} 1' not in urlopen({gateway!r} + '/metrics').read():\n"
        "        time.sleep(0.05)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nllmeval_push_every_s = 0.1\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", f"--llmeval-pushgateway={gateway}", str(tmp_path)]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert -9 == done.returncode, done.stdout
    text = urlopen(f"{gateway}/metrics").read().decode()  # noqa: S310 - our own
    assert re.search(r"^llmeval_session_running\{.*\} 1$", text, re.MULTILINE)
    assert not re.search(r"^llmeval_verdict|^llmeval_cases", text, re.MULTILINE)


def test_a_session_that_is_well_again_silences_it(gateway, prometheus):
    """The next push takes the place of the last one; the alert ends."""
    push(_now(), gateway)
    assert servers.eventually(lambda: "LlmevalRegressed" in prometheus.firing())

    push(_now(verdict=replace(REGRESSED, verdict="unchanged", comparisons=())), gateway)

    assert servers.eventually(lambda: "LlmevalRegressed" not in prometheus.firing())


def test_every_panel_of_every_dashboard_shows_something(gateway, prometheus):
    """Each expression is asked of a real Prometheus that scraped what our exporter really wrote."""
    push(_now(), gateway)
    assert servers.eventually(lambda: prometheus.query("llmeval:replay_ratio"))

    empty = [param.id for param in _expressions() if not prometheus.query(param.values[0])]

    assert [] == empty


def test_suites_and_branches_stay_apart(gateway):
    """A run of one suite leaves the other's scores, and a branch those of main."""
    whole = _now()
    push(whole, gateway)
    alone = replace(
        whole, summaries=tuple(replace(one, mean=0.25) for one in whole.summaries if one.suite == "support")
    )
    push(alone, gateway)
    push(replace(whole, branch="feature/x y"), gateway)

    text = urlopen(f"{gateway}/metrics").read().decode()  # noqa: S310 - our own
    means = dict(re.findall(r"^llmeval_score_mean\{(.*)\} (.*)$", text, re.MULTILINE))
    found = {tuple(re.findall(r'(?:branch|suite)="([^"]*)"', labels)): float(mean) for labels, mean in means.items()}
    assert {
        ("main", "support"): 0.25,
        ("main", "summaries"): 0.75,
        ("feature/x y", "support"): 0.55,
        ("feature/x y", "summaries"): 0.75,
    } == found


def test_the_flag_pushes_at_the_end_of_a_run(gateway, tmp_path):
    """``--llmeval-pushgateway`` with a job of its own, from a whole process of pytest."""
    (tmp_path / "test_one.py").write_text(
        "from pytest_llmeval import assert_score\n\ndef test_one():\n    assert_score('kept', 0.75)\n"
    )
    command = [sys.executable, "-m", "pytest", f"--llmeval-pushgateway={gateway}/metrics/job/shop", str(tmp_path)]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert 0 == done.returncode, done.stdout
    text = urlopen(f"{gateway}/metrics").read().decode()  # noqa: S310 - our own
    assert re.search(r'^llmeval_score_mean\{.*job="shop".*metric="kept".*\} 0\.75$', text, re.MULTILINE)


@pytest.mark.parametrize(
    "command",
    [
        ("promtool", "check", "rules", "prometheus/llmeval.rules.yml"),
        ("promtool", "test", "rules", "prometheus/llmeval.rules.test.yml"),
        ("promtool", "check", "config", "prometheus/prometheus.yml"),
        ("amtool", "check-config", "alertmanager/alertmanager.yml"),
    ],
    ids=" ".join,
)
def test_the_tools_of_the_trade_agree(command):
    """Rules, their own tests and both configurations pass the checkers that come with Prometheus and Alertmanager."""
    done = subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True, check=False)  # noqa: S603

    assert 0 == done.returncode, done.stdout + done.stderr
