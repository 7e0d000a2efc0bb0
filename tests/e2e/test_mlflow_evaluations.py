"""Two sessions compared by MLflow's own ``compare_evaluations`` (3.18 and later), from what is in its store alone."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pytest_llmeval.exports.mlflow import record
from pytest_llmeval.exports.mlflow_traces import tracing_to
from pytest_llmeval.records import Score
from tests.e2e.test_mlflow_compare import prompted

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]

BASE, CANDIDATE = "20260131T120000Z-aaaaaaaa", "20260131T130000Z-bbbbbbbb"
NAMES = tuple(f"c{number}" for number in range(8))  # of fewer than six MLflow makes no statistics


@pytest.fixture
def compared(tmp_path):
    """Record both sessions with all their traces, and compare the second with the first, as a user does."""
    import mlflow

    if not hasattr(mlflow.genai, "compare_evaluations"):
        pytest.skip(f"mlflow {mlflow.__version__} has no compare_evaluations")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"

    def compare(base, candidate):
        base_run, run = (record(one, uri=uri, traces="all", limit_s=math.inf) for one in (base, candidate))
        assert run == record(candidate, uri=uri, traces="all", limit_s=math.inf)  # sent again, it is still one row
        with tracing_to(uri):
            found = mlflow.genai.compare_evaluations(run, base_run)
            rows = {_case(mlflow, row["candidate_trace_id"]): row for row in found.paired_rows}
        assert len(rows) == len(found.paired_rows)
        return found, rows

    return compare


def _case(mlflow, trace_id):
    return mlflow.get_trace(trace_id).info.tags["llmeval.case"].partition("[")[2].rstrip("]")


def test_the_case_that_fell_is_the_row_with_the_greatest_loss(compared):
    """Another prompt, so that no request is the same: each case is paired with itself, and the means are ours."""
    scores = dict.fromkeys(NAMES, (0.8, 0.9))
    fallen = scores | {"c3": (0.1, 0.2)}
    found, rows = compared(prompted(BASE, "Briefly:", scores), prompted(CANDIDATE, "In full:", fallen))

    assert set(NAMES) == set(rows)
    assert {"eval_request_id"} == {row["paired_on"] for row in rows.values()}
    deltas = {case: row["scores"]["relevance"]["delta"] for case, row in rows.items()}
    assert {"c3": pytest.approx(-0.7)} == {case: delta for case, delta in deltas.items() if delta}
    of_all = found.scorers["relevance"]
    assert ("ok", 8, pytest.approx(-0.7 / 8)) == (of_all.status, of_all.n_paired, of_all.diff)


def test_neither_another_case_nor_another_variant_makes_a_row(compared):
    """All ask the same question, by which MLflow pairs what is left over."""
    scores = dict.fromkeys(NAMES, (0.8, 0.8))
    base = prompted(BASE, "Briefly:", scores | {"gone": (0.9, 0.9), "varied": (0.9, 0.9)})
    candidate = prompted(CANDIDATE, "Briefly:", scores | {"new": (0.1, 0.1), "varied": (0.1, 0.1)})
    found, rows = compared(_of_variant(base, "a"), _of_variant(candidate, "b"))

    assert set(NAMES) == set(rows)
    assert (2, 2) == (len(found.unpaired_baseline_trace_ids), len(found.unpaired_candidate_trace_ids))
    assert 0.0 == found.scorers["relevance"].diff


def _of_variant(one, arm):
    """Return the session with its case ``varied`` in that arm, and no call: the check judged a text."""
    results = (
        replace(result, arm=arm, trials=tuple(replace(trial, calls=()) for trial in result.trials))
        if result.id.case == "varied"
        else result
        for result in one.results
    )
    return replace(one, results=tuple(results))


def test_what_could_not_be_scored_is_left_out_of_the_statistics(compared):
    """A judge that timed out is no 0, and its case still has its row."""
    scores = dict.fromkeys(NAMES, (0.8, 0.8))
    base, candidate = prompted(BASE, "Briefly:", scores), prompted(CANDIDATE, "In full:", scores)
    first, *others = candidate.results
    unscored = tuple(
        replace(trial, checks=(replace(trial.checks[0], score=Score.unscored("relevance", "the judge timed out")),))
        for trial in first.trials
    )
    found, rows = compared(base, replace(candidate, results=(replace(first, trials=unscored), *others)))

    assert {} == rows["c0"]["scores"]
    assert (7, 0.0) == (found.scorers["relevance"].n_paired, found.scorers["relevance"].diff)
