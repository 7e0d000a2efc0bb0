"""Two sessions in MLflow's own page, in a real browser: one row a case, with both answers and both scores."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from pytest_llmeval.exports.mlflow import record
from tests.e2e import chromium, servers
from tests.unit.sessions import QUESTION, SUPPORT, answer, case, relevance, session

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]


def prompted(name, prompt, scores):
    """A session whose prompt, the user's message, is another one in each: what people compare."""

    def call(index):
        given = answer(f"{prompt} yes.", trial=index)
        asked = {"role": "user", "content": f"{prompt} {QUESTION}"}
        return replace(given, request=replace(given.request, messages=(asked,)))

    results = tuple(
        case(SUPPORT, id_, "support", tuple(map(relevance, values)), tuple(map(call, range(len(values)))))
        for id_, values in scores.items()
    )
    return session(id=name, results=results, verdict=None)


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    with chromium.window(1600, 1000) as browser:
        yield browser


def test_two_sessions_stand_side_by_side_row_by_row(tmp_path, browser):
    """Both prompts differ, so that no request is the same: the case's name is what makes a row."""
    first = prompted("20260131T120000Z-aaaaaaaa", "Briefly:", {"eu": (0.2, 0.2), "us": (0.8, 0.8)})
    second = prompted("20260131T130000Z-bbbbbbbb", "In full:", {"eu": (0.9, 0.9), "us": (0.7, 0.7)})
    with servers.mlflow(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}") as url:
        runs = [record(one, uri=url, traces="all", limit_s=math.inf) for one in (first, second)]
        import mlflow

        experiment = mlflow.MlflowClient(url).get_run(runs[0]).info.experiment_id
        page = f"{url}/#/experiments/{experiment}/evaluation-runs"
        browser.get(f"{page}?selectedRunUuid={runs[0]}&compareToRunUuid={runs[1]}")
        # The other run's traces arrive by themselves.
        rows = servers.eventually(lambda: _rows(browser, ("Briefly:", "In full:")))

    assert {"eu", "us"} == set(rows)
    assert {"0.2", "0.9"} <= set(rows["eu"].splitlines())
    assert {"0.8", "0.7"} <= set(rows["us"].splitlines())


def _rows(browser, texts):
    """Return the rows of the table by case, once each has what both runs answered; a case of two rows fails."""
    page = browser.execute_script("return document.body.innerText")
    parts = re.split(rf"{re.escape(SUPPORT)}\[(\w+)\]", page)
    names = parts[1::2]
    assert len(set(names)) == len(names)
    rows = dict(zip(names, parts[2::2], strict=True))
    return rows if rows and all(text in row for row in rows.values() for text in texts) else None
