"""Tests that wait, are replayed, or are plain: the same scores and provider calls, whoever runs them."""

import pytest

SUITE = """
import pytest
from graded import number
from pytest_llmeval import assert_relevance, assert_safe, assert_score

@pytest.mark.parametrize("n", range(6))
def test_waits(llm, n):
    answer = llm(f"0.{n} @0.1 item")
    assert_score("m", number, output=answer, threshold=None)
    assert_safe(answer)
    again = llm(f"0.9 @0.05 after {answer.request.question}")
    assert_score("m", lambda text: text == "0.9", output=again)

@pytest.mark.parametrize("n", range(4))
def test_stored(llm, n):
    assert_score("m", number, output=llm(f"0.{n} stored"), threshold=None)

@pytest.mark.llmeval(cases=["0.3 @0.1 a", "0.4 @0.1 b"], trials=3)
def test_trials(llm, llm_case):
    assert_score("m", number, output=llm(llm_case.input), threshold=0.1)

@pytest.mark.parametrize("n", range(3))
def test_plain(n):
    assert_score("m", n / 10, threshold=None)

@pytest.mark.llmeval(eager=True)
def test_eager(llm):
    assert_score("m", 0.7, output=llm("0.7 @0.1 eager"))

def test_foreign():
    pass
"""

DISTS = ("load", "loadscope", "loadfile", "worksteal", "loadgroup")
WAYS = {
    "-p no:xdist": ("-p", "no:xdist"),
    "-n0": ("-n0",),
    **{f"-n2 --dist {dist}": ("-n2", "--dist", dist) for dist in DISTS},
}
CALLS = 6 * 2 + 6 + 1


def _forget(project):
    """Leave only the recordings of the tests that are to be replayed."""
    for path in (project.path / ".llmeval").glob("llmeval.db*"):
        path.unlink()
    recordings = project.path / "recordings" / "test_suite.jsonl"
    stored = [line for line in recordings.read_text().splitlines(keepends=True) if " stored" in line]
    recordings.write_text("".join(stored))


def test_same_cases_trials_scores_and_calls(project, provider):
    """Without xdist, without workers, and with two under each way to share the tests out."""
    project.write("test_suite.py", SUITE)
    assert 0 == project.run_apart("-k", "stored").ret
    assert 4 == len(provider.requests)
    seen, calls = {}, {}
    for name, way in WAYS.items():
        _forget(project)
        before = len(provider.requests)

        result = project.run_apart(*way)

        result.assert_outcomes(passed=6 + 4 + 2 + 3 + 1 + 1)
        assert 0 == result.ret
        seen[name] = (project.scores(), {one.nodeid: one.outcome for one in project.session.results})
        calls[name] = sorted(provider.questions[before:])

    first, *others = seen.values()
    assert 6 * 3 + 4 + 2 * 3 + 3 + 1 == len(first[0])
    assert [first] * len(others) == others
    assert [CALLS] * len(WAYS) == [len(questions) for questions in calls.values()]
    assert 1 == len({tuple(questions) for questions in calls.values()})


def test_dist_each_runs_all_in_each_worker(project, provider):
    """Each test is reported by both workers, and is one case."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart("--dist", "each", "--tx", "2*popen")

    result.assert_outcomes(passed=2 * 17)
    assert 0 == result.ret
    assert 6 * 3 + 4 + 2 * 3 + 3 + 1 == len(project.scores())
    # Two workers may ask for the same before either has the answer.
    assert CALLS + 4 <= len(provider.requests) <= 2 * (CALLS + 4)


@pytest.mark.parametrize(("cache", "way"), [("live", ("-p", "no:xdist")), ("refresh", ("-n2",))])
def test_what_is_asked_anew_is_asked_once_a_test(project, provider, cache, way):
    """No answer is asked for twice because its test was parked."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart(*way, f"--llmeval-cache={cache}")

    assert 0 == result.ret
    assert CALLS + 4 == len(provider.requests)
    assert {"LIVE" if cache == "live" else "REFRESHED"} == {
        call.provenance.name for one in project.session.results for trial in one.trials for call in trial.calls
    }
