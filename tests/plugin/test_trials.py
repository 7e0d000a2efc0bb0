"""A trial is a whole run of the test: fresh fixtures, one report, and the mean over trials decides."""

import json

import pytest


def test_function_fixtures_are_fresh_and_wide_ones_are_kept(project, way):
    """Set-up and teardown happen for each trial; a module's fixture once."""
    project.write(
        "test_suite.py",
        """
import json, pathlib
import pytest
from pytest_llmeval import assert_score

seen = []

@pytest.fixture(scope="module")
def wide():
    seen.append("wide up")
    yield
    seen.append("wide down")
    pathlib.Path("seen.json").write_text(json.dumps(seen))

@pytest.fixture
def narrow(wide, tmp_path):
    seen.append("up " + tmp_path.name)
    yield
    seen.append("down")

class TestMethods:
    @pytest.mark.llmeval(trials=2)
    def test_self_is_fresh(self, narrow, llmeval):
        assert not hasattr(self, "mark")
        self.mark = 1
        seen.append(f"trial {llmeval.trial}")
        assert_score("m", 1)
""",
    )

    result = project.run(*way)

    result.assert_outcomes(passed=1)
    seen = json.loads((project.path / "seen.json").read_text())
    folders = [word for word in seen if word.startswith("up ")]
    assert 2 == len(set(folders))
    shape = [word.split()[0] if word.startswith("up ") else word for word in seen]
    assert ["wide up", "up", "trial 0", "down", "up", "trial 1", "down", "wide down"] == shape


@pytest.mark.parametrize(
    ("scores", "arguments", "outcome"),
    [
        ([0.2, 0.9, 0.7], "threshold=0.5", "passed"),
        ([0.2, 0.9, 0.3], "threshold=0.5", "failed"),
        ([0.2, 0.9, 0.9], "threshold=0.5, require=0.7", "failed"),
        ([0.2, 0.9, 0.9], "threshold=0.5, require=0.6", "passed"),
        ([0.0, 0.0, 0.0], "threshold=None", "passed"),
    ],
)
def test_the_mean_decides_or_the_required_share(project, scores, arguments, outcome):
    """DESIGN decision 5."""
    project.write(
        "test_suite.py",
        f"""
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval(trials=3)
def test_mean(llmeval):
    assert_score("m", {scores!r}[llmeval.trial], {arguments})
""",
    )

    result = project.run()

    result.assert_outcomes(**{outcome: 1})
    assert scores == list(project.scores().values())


def test_an_error_in_one_trial_fails_the_test_and_the_others_still_run(project, way):
    """One report, that of the trial which failed."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval(trials=3)
def test_second_fails(llmeval):
    assert_score("m", 1)
    assert llmeval.trial != 1, "the second one"
""",
    )

    result = project.run(*way)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*the second one*"])
    (case,) = project.session.results
    assert ["", "AssertionError: the second one", ""] == [trial.error for trial in case.trials]
    assert 3 == len(project.scores())


@pytest.mark.parametrize(
    ("fixture", "outcomes"),
    [
        ("if n == 1: raise ValueError('up')\n    yield", {"errors": 1, "passed": 1}),
        ("yield\n    if n == 1: raise ValueError('down')", {"errors": 1, "passed": 1}),
        ("if n == 1: pytest.skip('later')\n    yield", {"skipped": 1, "passed": 1}),
    ],
    ids=["set-up", "teardown", "skip"],
)
def test_trouble_around_a_trial_survives_and_the_next_module_is_not_hurt(project, way, fixture, outcomes):
    """A set-up that fails ends the trials, a teardown's error is reported, and the next module is set up well."""
    project.write(
        "test_one.py",
        f"""
import itertools
import pytest

numbers = itertools.count()

@pytest.fixture(scope="module")
def wide():
    yield

@pytest.fixture
def around(wide):
    n = next(numbers)
    {fixture}

@pytest.mark.llmeval(trials=4)
def test_trials(around, llmeval):
    pass
""",
    )
    project.write("test_two.py", "def test_next():\n    pass\n")

    result = project.run(*way)

    found = {
        key: value for key, value in result.parseoutcomes().items() if key in ("passed", "errors", "skipped", "failed")
    }
    expected = dict(outcomes)
    if fixture.startswith("yield"):
        expected["passed"] = 2  # The body passed; its teardown is the error.
    assert expected == found


def test_a_provider_failure_in_one_trial_leaves_the_others_to_decide(project, loopback, way):
    """Infrastructure is not quality: the trial is unscored, the test is judged by its other trials."""
    project.write("pytest.ini", f"[pytest]\nllmeval_api_base = {loopback.url}\nllmeval_model = openai/m\n")
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import ProviderError, assert_score

@pytest.mark.llmeval(trials=12)
def test_mostly(llmeval):
    if llmeval.trial == 4:
        raise ProviderError("provider 'p', model 'm': status 401")
    assert_score("m", 1)
""",
    )

    result = project.run(*way)

    assert 0 == result.ret
    result.assert_outcomes(passed=1)
    (case,) = project.session.results
    assert [4] == [trial.index for trial in case.trials if trial.is_unscored]
    (summary,) = project.session.summaries
    assert (11, 1, 1.0) == (summary.n_scored, summary.n_unscored, summary.mean)
