"""What we give to other programs speaks of metrics that we write."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

from pytest_llmeval.exports import prometheus

DEPLOY = Path(__file__).parents[2] / "deploy"
RECORDED = set(re.findall(r"record: (\S+)", (DEPLOY / "prometheus/llmeval.rules.yml").read_text()))
BOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))


@pytest.mark.parametrize("path", [*BOARDS, DEPLOY / "prometheus/llmeval.rules.yml"], ids=lambda path: path.name)
def test_every_name_is_one_that_we_write(path):
    """A panel or an alert on a name that nobody writes is silent for ever."""
    names = set(re.findall(r"\bllmeval[_:][a-z0-9_:]+", re.sub(r"#.*|record: .*|group.*", "", path.read_text())))
    known = set(prometheus._HELP) | RECORDED | {"llmeval_min_coverage"}  # the last is named in a text

    assert set() == {name for name in names if name not in known}


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.name)
def test_a_dashboard_is_what_its_source_says(path):
    """``python deploy/grafana/dashboards.py`` was run after the last change."""
    written = runpy.run_path(str(DEPLOY / "grafana/dashboards.py"))["text"](path.stem)

    assert written == path.read_text()
    panels = json.loads(written)["panels"]
    assert len(panels) == len({panel["title"] for panel in panels})
