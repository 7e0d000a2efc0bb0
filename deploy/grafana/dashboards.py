"""Writes the Grafana dashboards beside it: ``python deploy/grafana/dashboards.py``. A test says when they are stale.

Panels are data here, four lines each, since nobody can review a thousand lines of Grafana's JSON.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "dashboards"
_SOURCE = {"type": "prometheus", "uid": "prometheus"}
_WIDTH, _HEIGHT = 12, 8  # of 24 columns
_OF = 'job=~"$job", branch=~"$branch"'


@dataclass(frozen=True)
class Panel:
    """One panel: title, PromQL, how a series is named, its unit, and the kind of panel."""

    title: str
    expr: str
    legend: str
    unit: str = "short"
    kind: str = "timeseries"


BOARDS = {
    "llmeval-quality": (
        "LLM quality",
        [
            Panel("Mean score", f"llmeval_score_mean{{{_OF}}}", "{{suite}} {{metric}} {{variant}}", "percentunit"),
            Panel(
                "Lower end of the 95 % interval", f"llmeval_score_low{{{_OF}}}", "{{suite}} {{metric}}", "percentunit"
            ),
            Panel("Fall from the baseline", f"llmeval_drop{{{_OF}}}", "{{suite}} {{metric}}", "percentunit"),
            Panel("Verdict", f"llmeval_verdict{{{_OF}}} == 1", "{{branch}}: {{outcome}}", kind="stat"),
            Panel("Cases below their threshold", f"llmeval_below_threshold{{{_OF}}}", "{{suite}} {{metric}}"),
            Panel("Cases by outcome", f"llmeval_cases{{{_OF}}}", "{{outcome}}"),
            Panel(
                "Age of the last session",
                f"time() - llmeval_session_timestamp_seconds{{{_OF}}}",
                "{{job}}",
                "s",
                "stat",
            ),
            Panel(
                "Age of the baseline", f"time() - llmeval_baseline_timestamp_seconds{{{_OF}}}", "{{job}}", "s", "stat"
            ),
        ],
    ),
    "llmeval-cost": (
        "LLM cost and tokens",
        [
            Panel("Spend of a session", f"sum by (model) (llmeval_cost_usd{{{_OF}}})", "{{model}}", "currencyUSD"),
            Panel(
                "Answers without a known price", f"sum by (model) (llmeval_unpriced_responses{{{_OF}}})", "{{model}}"
            ),
            Panel("Tokens in", f"sum by (model) (llmeval_input_tokens{{{_OF}}})", "{{model}}"),
            Panel("Tokens out", f"sum by (model) (llmeval_output_tokens{{{_OF}}})", "{{model}}"),
            Panel("Answers by where they came from", f"sum by (outcome) (llmeval_responses{{{_OF}}})", "{{outcome}}"),
            Panel("Share replayed", f"llmeval:replay_ratio{{{_OF}}}", "{{job}} {{branch}}", "percentunit"),
        ],
    ),
    "llmeval-latency": (
        "LLM latency",
        [
            Panel("Median time to an answer", f"llmeval_latency_median_seconds{{{_OF}}}", "{{model}}", "s"),
            Panel("95 % of the answers within", f"llmeval_latency_p95_seconds{{{_OF}}}", "{{model}}", "s"),
            Panel("Wall time of a session", f"llmeval_session_duration_seconds{{{_OF}}}", "{{job}} {{branch}}", "s"),
        ],
    ),
    "llmeval-judges": (
        "LLM judges and providers",
        [
            Panel(
                "Share of the trials with a score",
                f"llmeval_scored_ratio{{{_OF}}}",
                "{{suite}} {{metric}}",
                "percentunit",
            ),
            Panel("Trials without a score", f"llmeval_unscored{{{_OF}}}", "{{suite}} {{metric}}"),
            Panel(
                "Can the session carry a verdict?", f"llmeval_session_valid{{{_OF}}}", "{{job}} {{branch}}", kind="stat"
            ),
            Panel("Lost tests", f"llmeval_lost_tests{{{_OF}}}", "{{job}} {{branch}}"),
            Panel(
                "Judge and people say the same",
                f"llmeval_judge_agreement{{{_OF}}}",
                "{{suite}} {{metric}}",
                "percentunit",
            ),
            Panel(
                "Lower end of its 95 % interval",
                f"llmeval_judge_agreement_lower{{{_OF}}}",
                "{{suite}} {{metric}}",
                "percentunit",
            ),
            Panel("Labelled answers behind it", f"llmeval_judge_labels{{{_OF}}}", "{{suite}} {{metric}}"),
            Panel(
                "Judges that nobody has checked",
                f"sum by (job, branch) (llmeval_judge_uncalibrated{{{_OF}}})",
                "{{job}} {{branch}}",
                kind="stat",
            ),
            Panel("Age of the baseline", f"llmeval:baseline_age_seconds{{{_OF}}}", "{{job}} {{branch}}", "s", "stat"),
        ],
    ),
    "llmeval-running": (
        "LLM sessions that run",
        [
            Panel("Does a session run?", f"llmeval_session_running{{{_OF}}}", "{{job}} {{branch}}", kind="stat"),
            Panel(
                "Time since it was last heard of",
                f"time() - llmeval_progress_timestamp_seconds{{{_OF}}}",
                "{{job}} {{branch}}",
                "s",
                "stat",
            ),
            Panel("Cases planned and landed", f"llmeval_progress_cases{{{_OF}}}", "{{branch}} {{outcome}}"),
            Panel("Checks with and without a score", f"llmeval_progress_checks{{{_OF}}}", "{{branch}} {{outcome}}"),
            Panel("Answers by where they came from", f"llmeval_progress_responses{{{_OF}}}", "{{branch}} {{outcome}}"),
            Panel("Spend so far", f"llmeval_progress_cost_usd{{{_OF}}}", "{{job}} {{branch}}", "currencyUSD"),
        ],
    ),
}


def dashboard(uid: str) -> dict[str, Any]:
    """Return one dashboard in Grafana's own JSON."""
    title, panels = BOARDS[uid]
    return {
        "uid": uid,
        "title": title,
        "tags": ["llmeval"],
        "timezone": "browser",
        "schemaVersion": 39,
        "time": {"from": "now-30d", "to": "now"},
        "templating": {"list": [_variable("job"), _variable("branch")]},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def text(uid: str) -> str:
    """Return the file's text."""
    return json.dumps(dashboard(uid), indent=2) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"x": number % 2 * _WIDTH, "y": number // 2 * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [{"refId": "A", "datasource": _SOURCE, "expr": panel.expr, "legendFormat": panel.legend}],
    }


def _variable(label: str) -> dict[str, Any]:
    return {
        "name": label,
        "type": "query",
        "datasource": _SOURCE,
        "query": f"label_values(llmeval_session_timestamp_seconds, {label})",
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in BOARDS:
        (FOLDER / f"{name}.json").write_text(text(name), encoding="utf-8")
