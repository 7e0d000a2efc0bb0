"""What GitLab shows in a merge request: figures that can be compared between branches, and findings on lines."""

from __future__ import annotations

import json
from dataclasses import replace

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pytest_llmeval.exports import gitlab
from pytest_llmeval.records import Against, SessionVerdict, Verdict, Weakened, WeakenedCheck
from tests.unit.sessions import REFUND_ID, RELEVANCE, session
from tests.unit.test_exports_terminal import HOSTILE, hostile_session

METRICS = """\
llmeval_score_mean{suite="support",metric="relevance"} 0.5500
llmeval_below_threshold{suite="support",metric="relevance"} 1
llmeval_unscored{suite="support",metric="relevance"} 0
llmeval_score_mean{suite="summaries",metric="faithfulness"} 0.7500
llmeval_below_threshold{suite="summaries",metric="faithfulness"} 0
llmeval_unscored{suite="summaries",metric="faithfulness"} 1
llmeval_lost_tests 0
llmeval_session_scored_ratio 0.9333
llmeval_input_tokens 300
llmeval_output_tokens 150
llmeval_cost_usd 0.010000
# EOF
"""


def test_metrics_hold_no_branch_and_no_time():
    """Two runs with the same scores give the same file, on whichever branch."""
    assert METRICS == gitlab.metrics(session())
    assert METRICS == gitlab.metrics(session(branch="other", duration_s=99.0, id="20270131T120000Z-1f2e3d4c"))


def test_metrics_are_openmetrics_whatever_a_suite_is_called():
    """Quotes, backslashes and line ends are escaped or gone."""
    summary = replace(RELEVANCE, suite='a"b\\c\nd', metric=HOSTILE)
    families = list(text_string_to_metric_families(gitlab.metrics(session(summaries=(summary,)))))
    (mean,) = next(family for family in families if family.name == "llmeval_score_mean").samples
    assert 'a"b\\c d' == mean.labels["suite"]


def test_a_regressed_case_is_a_finding_on_its_line():
    """Its fingerprint stays when its scores and its line change, so that GitLab knows it again."""
    (found,) = gitlab.findings(session(folder="app/"))
    assert {"path": "app/tests/test_support.py", "lines": {"begin": 31}} == found["location"]
    assert ("llmeval: regressed", "major") == (found["check_name"], found["severity"])
    assert found["description"].startswith("tests/test_support.py::test_refund[eu] relevance: 0.300, threshold 0.6")
    (below,) = gitlab.findings(session(verdict=None))
    assert ("llmeval: below threshold", "minor") == (below["check_name"], below["severity"])
    assert found["fingerprint"] != below["fingerprint"]


def test_a_check_that_sees_less_is_a_finding_in_its_file():
    """With its terms on the base version and here."""
    weakened = WeakenedCheck(id=REFUND_ID, how=Weakened.THRESHOLD, before="0.7", now="0.5")
    verdict = SessionVerdict(verdict=Verdict.UNCHANGED)
    (found,) = gitlab.findings(session(results=(), verdict=verdict, against=Against(weakened=(weakened,))))
    assert f"{REFUND_ID}: threshold lowered, 0.7 on the base, 0.5 here" == found["description"]
    assert "tests/test_support.py" == found["location"]["path"]


def test_hostile_text_is_text(tmp_path):
    """The file is JSON, and holds no CI command."""
    gitlab.write_quality(hostile_session(), tmp_path / "q.json")
    text = (tmp_path / "q.json").read_text(encoding="ascii")
    assert 1 == len(json.loads(text))
    assert "##vso[" not in text
