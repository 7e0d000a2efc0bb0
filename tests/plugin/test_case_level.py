"""Consistency is a value of the case: it lands after the last trial, and cannot be read before."""

SUITE = """
import pytest
from pytest_llmeval import UsageError, assert_consistent

ANSWERS = ["Refunds take 5 days.", "Refunds take 5 days.", "Bananas are yellow."]

@pytest.mark.llmeval(trials=TRIALS)
def test_agrees(llmeval):
    check = assert_consistent(ANSWERS[llmeval.trial], threshold=0.9)
    for read in (bool, lambda c: c.value, lambda c: c.passed):
        with pytest.raises(UsageError):
            read(check)
"""


def test_one_value_for_all_trials(project, way):
    """Three trials, one value, one failing check with the user's line."""
    project.write("test_suite.py", SUITE.replace("TRIALS", "3"))

    result = project.run(*way)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">       check = assert_consistent(ANSWERS*", "E*consistency 0.* is below*"])
    ((key, value),) = project.scores().items()
    assert -1 == key[1]
    assert 0.0 < value < 0.9


def test_with_one_trial_it_is_unscored_and_says_why(project, way):
    """No made-up number, no failure, and no session made invalid by a promise nobody gave."""
    project.write("test_suite.py", SUITE.replace("TRIALS", "1"))

    result = project.run(*way)

    assert 0 == result.ret
    result.stdout.fnmatch_lines(["*1 unscored*"])
    (check,) = project.session.results[0].checks
    assert check.value is None
    assert "needs trials ≥ 2" in check.score.reason


def test_a_list_of_answers_has_its_value_at_once(project):
    """Also outside a case, and without a plugin at all."""
    project.write(
        "test_suite.py",
        """
from pytest_llmeval import assert_consistent

def test_list():
    assert assert_consistent(["It takes 5 days.", "It takes 5 days."]).value == 1.0
""",
    )

    project.run().assert_outcomes(passed=1)


def test_an_empty_answer_does_not_shift_the_check_after_it(project, way):
    """Two questions a trial; the first answer of one trial is empty: each check keeps its own answers."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_consistent

@pytest.mark.llmeval(trials=3)
def test_two(llmeval):
    assert_consistent("" if llmeval.trial == 1 else "Refunds take 5 days.")
    assert_consistent("Bananas are yellow.")
""",
    )

    assert 0 == project.run(*way).ret
    assert [1.0, 1.0] == list(project.scores().values())
    assert [2, 3] == [check.n_trials for check in project.session.results[0].checks]
