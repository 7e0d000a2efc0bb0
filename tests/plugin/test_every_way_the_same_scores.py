"""Any number of workers: the same cases, scores, aggregates and provider calls."""

SUITE = """
import pytest
from pytest_llmeval import assert_consistent, assert_relevance, assert_score

QUESTIONS = [f"How do I return item number {n} to the shop?" for n in range(7)]

@pytest.mark.llmeval(cases=QUESTIONS, trials=3, suite="returns")
def test_returns(llm, llm_case):
    answer = llm(llm_case.input, temperature=0.5)
    assert_relevance(answer)
    assert_consistent(answer)
    assert_score("third", len(answer.text) / 300, threshold=None)

@pytest.mark.parametrize("tenth", range(5))
def test_plain(tenth):
    assert_score("tenth", tenth / 10, threshold=None)

def test_foreign():
    pass
"""


def test_same_scores_and_aggregates_whatever_the_workers(project, loopback):
    """Serial, in one process under xdist, and with two and four workers: equal to the last bit."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\n")
    project.write("test_suite.py", SUITE)
    seen = []
    for way in (("-p", "no:xdist"), ("-n0",), ("-n2",), ("-n4",)):
        result = project.run(*way)
        assert 0 == result.ret, result.stdout.str()
        session = project.session
        seen.append((project.scores(), session.summaries, [r.id for r in session.results], session.plan))

    assert 7 * 3 * 2 + 7 + 5 == len(seen[0][0])
    assert seen[0] == seen[1] == seen[2] == seen[3]
    # Recorded by the first run, replayed by the others.
    assert 7 * 3 == len(loopback.requests)


def test_a_trial_is_a_draw_of_its_own(project, loopback, way):
    """Three trials ask three times; one answer three times would be no sample."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\n")
    project.write("test_suite.py", "def test_one(llm):\n    llm('hello')\n    llm('hello')\n")

    assert 0 == project.run(*way, "--llmeval-trials=3").ret

    assert 6 == len(loopback.requests)
    (result,) = project.session.results
    origins = {call.origin for trial in result.trials for call in trial.calls}
    assert 6 == len(origins)
