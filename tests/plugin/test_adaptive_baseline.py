"""Adaptive trials and the state of the baseline: none, malformed, or not asked to decide."""

from __future__ import annotations

import pytest

from tests.plugin.adaptive_suite import APP, BODY, HEAD, HERE, N_CASES, N_FIRST, break_cases, draw_main, everything

TWO_METRICS = """
@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval):
    assert_score("number", number, output=ask(llm, llm_case))
    assert_score("other", number, output=llm(f"1 {llm_case.input}", system=str(IS_BRANCH)))
"""


@pytest.mark.parametrize(("gate", "status"), [("pr", 6), ("off", 0)])
def test_without_a_baseline_every_case_has_its_first_trials(project, provider, gate, status):
    """Nothing to suspect a case by; the gate says that there is no baseline."""
    project.write("test_suite.py", HEAD + BODY)
    project.write("app.py", APP.format(broken=(), version="main", is_branch=False))

    result = project.run_apart("--llmeval-trials=auto", f"--llmeval-gate={gate}")

    assert status == result.ret, everything(result)
    result.assert_outcomes(passed=N_CASES)
    assert 3 * N_CASES == len(provider.requests)


def test_a_malformed_baseline_is_a_usage_error_with_the_gate_off_too(project, provider):
    """The plan of the trials is made from it; no call is spent before it is read."""
    draw_main(project, provider)
    [path] = (project.path / "baselines").rglob("*.jsonl")
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")

    result = project.run_apart("--llmeval-trials=auto")

    assert 4 == result.ret, everything(result)
    assert "is malformed" in everything(result)
    assert "Traceback" not in everything(result)
    assert [] == provider.requests


def test_with_the_gate_off_thresholds_decide_over_all_trials(project, provider):
    """A suspicious case is drawn again all the same."""
    draw_main(project, provider)
    break_cases(project, "c7")

    result = project.run_apart("--llmeval-trials=auto")

    assert 1 == result.ret, everything(result)
    result.assert_outcomes(passed=N_CASES - 1, failed=1)
    assert N_CASES * N_FIRST + 3 == len(provider.requests)


def test_either_of_two_metrics_has_a_case_drawn_again(project, provider, way):
    """The one that looks bad is named, the other is not."""
    draw_main(project, provider, TWO_METRICS)
    break_cases(project, "c7")

    result = project.run_apart(*HERE, *way)

    assert 1 == result.ret, everything(result)
    result.stdout.fnmatch_lines(["REGRESSED *c7* number: passed 10 of 10 on main, 0 of 5*"])
    assert "c7] other" not in everything(result)


@pytest.mark.parametrize("cache", ["refresh", "live"])
def test_every_trial_is_asked_for_once_where_nothing_is_replayed(project, provider, cache):
    """The trials of the first pass are not drawn again with the others."""
    draw_main(project, provider)
    break_cases(project, "c7")

    result = project.run_apart(*HERE, f"--llmeval-cache={cache}")

    assert 1 == result.ret, everything(result)
    assert N_CASES * N_FIRST + 3 == len(provider.requests)
