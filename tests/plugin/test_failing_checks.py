"""A failing check: all are scored, the test fails at its end, with the user's own line and no frame of ours."""

import pytest


def test_the_report_shows_line_metric_score_threshold_reason_and_answer(project, way):
    """What a person needs to see where the check stands, and what was measured."""
    project.write(
        "test_suite.py",
        """
from pytest_llmeval import assert_score

def test_refund():
    answer = "Bananas are yellow"
    assert_score("fruit", 0.25, output=answer, reason="not about refunds", threshold=0.7)
""",
    )

    result = project.run(*way)

    assert 1 == result.ret
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>       assert_score("fruit", 0.25, output=answer, reason="not about refunds", threshold=0.7)',
            "E       pytest_llmeval.CheckFailed: fruit 0.25 is below its threshold 0.70",
            "E         reason: not about refunds",
            "E         answer: Bananas are yellow",
            "test_suite.py:6: CheckFailed",
        ]
    )
    assert "pytest_llmeval/" not in result.stdout.str()


def test_every_check_is_scored_though_the_first_fails(project, way):
    """A gate with missing scores is blind."""
    project.write(
        "test_suite.py",
        """
from pytest_llmeval import assert_score

def helper(value):
    assert_score("b", value)

def test_all():
    assert_score("a", 0.0)
    helper(0.1)
    assert_score("c", 1.0)
""",
    )

    result = project.run(*way)

    result.assert_outcomes(failed=1)
    assert [0.0, 0.1, 1.0] == list(project.scores().values())
    result.stdout.fnmatch_lines(
        ["*a 0.00 is below*", "*at test_suite.py:8: assert_score*", "*b 0.10 is below*", "*at test_suite.py:5: *"]
    )


@pytest.mark.parametrize("style", ["long", "short", "line", "native"])
def test_every_traceback_style_ends_in_the_users_line(project, style):
    """Also in a helper of the user, several frames deep."""
    project.write(
        "test_suite.py",
        """
from pytest_llmeval import assert_score

def outer():
    inner()

def inner():
    assert_score("deep", 0.0)

def test_deep():
    outer()
""",
    )

    result = project.pytester.runpytest_subprocess(f"--tb={style}")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_suite.py*8*"])
    if style != "native":  # which hides nobody's frames, pytest's own included
        assert "pytest_llmeval/plugin" not in result.stdout.str()


def test_xfail_sees_a_failing_check(project, way):
    """Strict or not, one trial or several: a check that fails is the failure xfail waits for."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.xfail(strict=True)
def test_expected():
    assert_score("m", 0.0)

@pytest.mark.xfail(strict=True)
@pytest.mark.llmeval(trials=3)
def test_expected_over_trials():
    assert_score("m", 0.0)

@pytest.mark.xfail(strict=True)
def test_surprise():
    assert_score("m", 1.0)
""",
    )

    result = project.run(*way)

    result.assert_outcomes(xfailed=2, failed=1)
    assert {"xfailed": 2, "failed": 1} == _count(result.outcome for result in project.session.results)


def _count(words):
    counted = {}
    for word in words:
        counted[word] = counted.get(word, 0) + 1
    return counted


def test_the_bodys_own_error_wins_and_the_checks_stand_beside_it(project, way):
    """An exception in the body is the failure; what the checks found is shown in a section."""
    project.write(
        "test_suite.py",
        """
from pytest_llmeval import assert_score

def test_both():
    assert_score("m", 0.1)
    raise ValueError("own")
""",
    )

    result = project.run(*way)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E       ValueError: own", "*checks below their thresholds*", "m 0.10 is below*"])
    assert [0.1] == list(project.scores().values())


def test_a_raised_check_is_seen_by_llmeval_raises_and_in_eager_tests(project):
    """``pytest.raises`` around a check sees nothing, so there are two ways that do."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

def test_raises(llmeval):
    with llmeval.raises(match="m 0.00"):
        assert_score("m", 0.0)

def test_raises_nothing(llmeval):
    with llmeval.raises():
        assert_score("m", 1.0)

@pytest.mark.llmeval(eager=True)
def test_eager():
    with pytest.raises(AssertionError, match="is below"):
        assert_score("m", 0.0)
""",
    )

    result = project.run()

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*test_raises_nothing*"])


def test_junit_and_durations_live_with_us(project):
    """Reports of other plugins hold the test once, with the message."""
    project.write(
        "test_suite.py", "from pytest_llmeval import assert_score\n\ndef test_m():\n    assert_score('m', 0)\n"
    )

    result = project.run("--junitxml=junit.xml", "--durations=3")

    result.assert_outcomes(failed=1)
    text = (project.path / "junit.xml").read_text()
    assert 'tests="1"' in text
    assert "m 0.00 is below its threshold" in text
