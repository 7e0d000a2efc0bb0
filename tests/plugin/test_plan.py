"""``--llmeval-plan``: what a run would replay, call, cost and be able to show; nothing is run."""

from __future__ import annotations

import json

import pytest

SUITE = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("case", ["a", "b"])
def test_case(llm, case):
    assert_score("said", lambda text: float(text == "1"), output=llm(f"1 {case}"), threshold=0.5)

@pytest.mark.llmeval(model="openai/marked", trials=2)
def test_marked(llm):
    assert_score("said", lambda text: float(text == "1"), output=llm("1 marked"), threshold=0.5)
"""

TWINS = """
import pytest

@pytest.mark.parametrize("long", ["x" * 200, "x" * 200])
def test_twin(llm, long):
    llm(long)
"""


@pytest.fixture
def suite(project, provider):
    """Three cases, one with a model and trials of its own."""
    project.write("test_suite.py", SUITE)
    return project


def files(project):
    """Every file of the project but Python's own and pytester's, with its bytes."""
    return {
        path.relative_to(project.path): path.read_bytes()
        for path in project.path.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name not in ("stdout", "stderr")
    }


def plan(project, *args, sentences, ret=0):
    """What a plan says, as one text."""
    result = project.run_apart("--llmeval-plan", *args)
    assert ret == result.ret, result.stdout.str()
    return sentences(result)


def test_a_first_plan_knows_no_calls_and_runs_nothing(suite, provider, sentences, way):
    """No call, no file, exit status 0; workers are not started."""
    before = files(suite)

    told = plan(suite, *way, sentences=sentences)

    assert "2 tests, 3 cases of 1 to 2 trials = 4 trials" in told
    assert "calls: not known, since none of these cases has run here yet" in told
    assert "no baseline to compare with" in told
    assert "nothing was run" in told
    assert [] == provider.requests
    assert before == files(suite)
    assert "bringing up nodes" not in told


def test_what_was_recorded_is_replayed_and_further_trials_are_live(suite, provider, sentences, way):
    """By the last session, whose answers are recorded; the marker's trials stay."""
    assert 0 == suite.run_apart("--llmeval-baseline-update").ret
    before, n_asked = files(suite), len(provider.requests)

    same = plan(suite, *way, sentences=sentences)
    more = plan(suite, *way, "--llmeval-trials=3", "--llmeval-gate=pr", sentences=sentences)

    assert "calls: 4 replayed, none live: nothing to pay" in same
    assert "nothing is asked anew" in same
    assert "3 cases of 2 to 3 trials = 8 trials" in more
    assert "calls: 4 replayed, 4 live, at a price that is not known" in more
    assert "4 of the live calls are of trials that never ran" in more
    assert "said: 3 cases of 2 trials; " in more
    assert n_asked == len(provider.requests)
    assert before == files(suite)


def test_the_plan_is_what_the_run_then_does(suite, provider, sentences):
    """Call by call: another model, more trials, another mode."""
    assert 0 == suite.run_apart().ret
    for args in (["--llmeval-trials=4"], ["--llmeval-model=openai/other"], ["--llmeval-cache=refresh"]):
        told, n_before = plan(suite, *args, sentences=sentences), len(provider.requests)
        suite.run_apart(*args)
        assert f"replayed, {len(provider.requests) - n_before} live" in told, args


def test_another_model_leaves_what_a_marker_names(suite, sentences):
    """The marked test replays; the others are asked of the new model."""
    assert 0 == suite.run_apart().ret

    assert "calls: 2 replayed, 2 live" in plan(suite, "--llmeval-model=openai/other", sentences=sentences)


def test_in_replay_mode_the_plan_says_what_is_missing(suite, sentences):
    """Nobody is asked, so those tests would fail."""
    assert 0 == suite.run_apart().ret

    told = plan(suite, "--llmeval-cache=replay", "--llmeval-trials=2", sentences=sentences)

    assert "calls: 4 replayed; 2 not recorded, and nobody may be asked (replay)" in told


def test_a_new_case_is_unknown_and_an_older_session_knows_what_the_newest_did_not_run(suite, sentences):
    """Never counted as 0 calls."""
    assert 0 == suite.run_apart().ret
    assert 0 == suite.run_apart("test_suite.py::test_marked").ret
    suite.write("test_new.py", "def test_new(llm):\n    assert llm('1 new').text\n")

    told = plan(suite, sentences=sentences)

    assert "calls: 4 replayed, none live" in told
    assert "1 case has never run here, and their calls are not in these numbers: test_new.py::test_new" in told
    assert "and 1 before it asked" in told


def test_prices_come_from_the_recorded_calls(suite, sentences):
    """And are counted where they are not known."""
    assert 0 == suite.run_apart().ret
    path = suite.path / ".llmeval" / "session.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows[1:3]:
        row["trials"][0]["calls"][0]["cost_usd"] = 0.02
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    told = plan(suite, "--llmeval-cache=live", sentences=sentences)

    assert "calls: 0 replayed, 4 live, about $0.04 (2 calls have no known price)" in told


def test_a_budget_that_does_not_cover_the_plan_is_told(suite, sentences):
    """By the prices of now, whatever was known when it was recorded."""
    assert 0 == suite.run_apart().ret
    ini = (suite.path / "pytest.ini").read_text()
    suite.write("pytest.ini", ini + "llmeval_prices = openai/*: 0 input, 5000 output\n")

    told = plan(suite, "--llmeval-cache=live", "--llmeval-budget-usd=0.019", sentences=sentences)
    assert "4 live, about $0.02" in told
    assert "BUDGET: $0.0190 does not cover about $0.0200: tests would be left undone (exit status 6)" in told

    told = plan(suite, "--llmeval-cache=live", "--llmeval-budget-usd=0.02", sentences=sentences)
    assert "the budget of $0.0200 covers that" in told


def test_a_malformed_baseline_is_exit_4_as_in_the_run(suite, sentences):
    """The plan says what the run would say."""
    suite.write("baselines/test_suite/test_case.jsonl", "{")

    result = suite.run_apart("--llmeval-plan")

    assert 4 == result.ret
    assert "is malformed" in result.stdout.str() + result.stderr.str()


def test_a_suite_without_llm_tests_and_one_without_tests(project, sentences):
    """As pytest's --collect-only: 0, and 5."""
    project.write("test_plain.py", "def test_plain():\n    raise SystemError\n")
    assert "no LLM test was collected" in plan(project, sentences=sentences)
    assert "no LLM test was collected" in plan(project, "-k", "nothing", sentences=sentences, ret=5)


def test_a_test_that_cannot_be_collected_is_exit_2_and_a_twin_is_named(suite, sentences):
    """As with --collect-only; what pytest itself does not see, the plan says."""
    suite.write("test_twin.py", TWINS)
    told = plan(suite, sentences=sentences)
    assert "1 test fails in its set-up; test_twin.py::test_twin[long1]" in told
    assert "are one case" in told

    suite.write("test_wrong.py", "import pytest\n@pytest.mark.llmeval(trails=3)\ndef test_wrong(llm):\n    llm('1')\n")
    assert "does not take trails" in plan(suite, sentences=sentences, ret=2)


def test_on_a_branch_the_plan_looks_at_the_baseline_of_the_base_commit(suite, repository, monkeypatch, sentences):
    """As the run would: what the branch did to the baseline without a reason does not count."""
    assert 0 == suite.run_apart("--llmeval-trials=4", "--llmeval-baseline-update").ret
    repository.commit("main")
    repository.git("switch", "--quiet", "--create", "topic")
    for path in (suite.path / "baselines").rglob("*.jsonl"):
        path.unlink()
    repository.commit("no baseline")
    monkeypatch.setenv("LLMEVAL_BASE", "main")

    assert "said: 3 cases of 2 trials" in plan(suite, "--llmeval-gate=pr", "--llmeval-trials=4", sentences=sentences)
    assert "no baseline to compare with" in plan(suite, "--llmeval-trials=4", sentences=sentences)
