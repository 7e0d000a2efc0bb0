"""Exports cost nothing until they are asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["html", "terminal", "prometheus", "pushgateway", "mlflow"])
def test_importing_an_export_imports_no_library(name: str) -> None:
    """jinja2, rich, prometheus_client and MLflow are imported when something is drawn, written or sent."""
    code = (
        f"import sys, pytest_llmeval.exports.{name};"
        "heavy = {'jinja2', 'rich', 'prometheus_client', 'mlflow', 'sqlalchemy'};"
        "print(sorted(heavy.intersection(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # ours

    assert "[]\n" == told.stdout
