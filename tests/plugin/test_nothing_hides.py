"""No way past the gate, and no check that nobody hears: each of these once passed in silence."""

import pytest


def test_a_check_in_a_helper_counts_under_any_number_of_trials(project, way):
    """The test does not show that it is an LLM test; it has its one run, and fails in it."""
    project.write(
        "test_suite.py",
        """
from pytest_llmeval import assert_score

def helper():
    assert_score("q", 0.1, threshold=0.9)

def test_hidden():
    helper()
""",
    )

    result = project.run(*way, "--llmeval-trials=3")

    assert 1 == result.ret
    assert [0.1] == list(project.scores().values())


def test_a_check_named_through_the_module_shows_its_test(project, way):
    """``import pytest_llmeval as le``: planned, and run as often as the settings say."""
    project.write("test_suite.py", "import pytest_llmeval as le\n\ndef test_m():\n    le.assert_score('q', 1)\n")

    assert 0 == project.run(*way, "--llmeval-trials=3").ret
    assert 3 == len(project.scores())


def test_a_check_that_its_test_imports_itself_shows_its_test(project, way):
    """Nothing of ours is imported when the tests are collected."""
    project.write(
        "test_suite.py", "def test_m():\n    from pytest_llmeval import assert_score\n\n    assert_score('q', 1)\n"
    )

    assert 0 == project.run(*way, "--llmeval-trials=3").ret
    assert 3 == len(project.scores())


def test_checks_in_threads_belong_to_the_running_test(project, way):
    """Any thread, any pool; each check once."""
    project.write(
        "test_suite.py",
        """
from concurrent.futures import ThreadPoolExecutor
from pytest_llmeval import assert_score

def test_pool():
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: assert_score("q", n / 10, threshold=None), range(10)))

def test_fails():
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(lambda n: assert_score("q", 0), range(1)))
""",
    )

    result = project.run(*way)

    result.assert_outcomes(passed=1, failed=1)
    assert 11 == len(project.scores())


def test_a_check_in_a_fixtures_end_raises_there(project, way):
    """The test has been judged by then."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

@pytest.fixture
def ends():
    yield
    assert_score("q", 0)

def test_body(ends):
    pass
""",
    )

    result = project.run(*way)

    assert 1 == result.ret
    result.assert_outcomes(passed=1, errors=1)


def test_a_check_in_a_wide_fixture_is_of_no_case(project, way):
    """Who meets the fixture first depends on the workers, so it is not recorded; a failing one raises."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

@pytest.fixture(scope="session")
def index():
    assert_score("index", 0.9)

@pytest.fixture(scope="module")
def broken():
    assert_score("index", 0.1)

@pytest.mark.parametrize("n", range(4))
def test_uses(index, n):
    assert_score("q", 1)

def test_cannot(broken):
    pass
""",
    )

    result = project.run(*way)

    result.assert_outcomes(passed=4, errors=1)
    assert {"q"} == {id_.metric for id_, _ in project.scores()}


def test_two_items_that_would_be_one_case_are_refused_by_name(project, way):
    """One's scores would overwrite the other's."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("lang", ["eu-refund", "eu"])
@pytest.mark.llmeval(cases=[{"id": "refund", "input": "a"}])
def test_told_apart(llm_case, lang):
    assert_score("q", 1)
""",
    )

    assert 0 == project.run(*way).ret
    assert {"test_suite.py::test_told_apart[eu]", "test_suite.py::test_told_apart[eu-refund]"} == {
        result.id.test for result in project.session.results
    }


def test_a_case_that_skips_itself_leaves_no_half_line(project, way):
    """In a later trial: the case is skipped, its scores make no line, and a baseline is not made of them."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval(trials=5)
def test_skips(llmeval):
    assert_score("q", 0.0)
    if llmeval.trial == 2:
        pytest.skip("later")

def test_other():
    assert_score("q", 1.0)
""",
    )

    result = project.run(*way, "--llmeval-baseline-update")

    assert 0 == result.ret
    result.assert_outcomes(passed=1, skipped=1)
    assert [1] == [summary.n_scored for summary in project.session.summaries]
    assert ["test_other.jsonl"] == [path.name for path in (project.path / "baselines").rglob("*.jsonl")]


VERSIONS = """
import os
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval(trials=5)
@pytest.mark.parametrize("n", range(10))
def test_q(n):
    version = os.environ.get("V", "1") if n == 9 else "1"
    assert_score("q", 0.0 if os.environ.get("B") and n else 1.0, version=version)
    assert_score("other", 1.0)
"""


def test_a_new_metric_version_of_one_line_does_not_hide_nine_others(project, monkeypatch):
    """What the gate holds and cannot compare is no verdict, never green."""
    project.write("test_suite.py", VERSIONS)
    assert 0 == project.run("--llmeval-baseline-update").ret
    monkeypatch.setenv("B", "1")
    assert 1 == project.run("--llmeval-gate=pr").ret
    monkeypatch.setenv("V", "2")

    result = project.run("--llmeval-gate=pr")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(["exit status 6: *test_q?9? q cannot be*"])


def test_another_number_of_trials_does_not_hide_a_case_level_fall(project, monkeypatch):
    """Consistency over four trials is not consistency over five."""
    project.write(
        "test_suite.py",
        """
import os
from pytest_llmeval import assert_consistent, assert_score

def test_agrees(llmeval):
    words = ["apples", "wolves", "planets", "rivers", "engines"]
    assert_consistent(words[llmeval.trial] if os.environ.get("B") else "apples", threshold=0.5)
    assert_score("other", 1)
""",
    )
    assert 0 == project.run("--llmeval-trials=5", "--llmeval-baseline-update").ret
    monkeypatch.setenv("B", "1")

    assert 6 == project.run("--llmeval-trials=4", "--llmeval-gate=pr").ret


@pytest.mark.parametrize("flag", ["--setup-only", "--setup-plan"])
def test_showing_the_setup_decides_nothing(project, flag):
    """Several trials or one: no verdict, no trouble."""
    project.write(
        "test_suite.py",
        "import pytest\n\n@pytest.mark.llmeval(trials=2)\ndef test_a(llmeval): ...\n\ndef test_b(llmeval): ...\n",
    )

    assert 0 == project.run(flag).ret


def test_a_marker_that_comes_late_and_wrong_fails_its_test_only(project, way):
    """On a unittest method, or added by a conftest: named in the test's set-up, never an internal error."""
    project.write(
        "test_suite.py",
        """
import unittest
import pytest

class TestCase(unittest.TestCase):
    @pytest.mark.llmeval(trials=0)
    def test_a(self):
        pass

def test_b(llmeval):
    pass
""",
    )

    result = project.run(*way)

    assert 1 == result.ret
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E*trials=0 is not allowed*"])


@pytest.mark.parametrize("name", ["q\ud800", "a\n::error::x", ""])
def test_a_metrics_name_is_printable(project, name):
    """It stands in every report."""
    project.write(
        "test_suite.py", f"from pytest_llmeval import assert_score\n\ndef test_a():\n    assert_score({name!a}, 1)\n"
    )

    result = project.run("-n1")

    assert 1 == result.ret
    result.stdout.fnmatch_lines(["E*UsageError: assert_score got the metric name*"])


def test_an_exit_status_always_has_its_reason(project):
    """The gate is on and nothing of ours ran: 6, in words."""
    project.write("test_suite.py", "def test_plain():\n    pass\n")

    result = project.run("--llmeval-gate=pr")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(["exit status 6: no verdict is possible: *"])


def test_a_provider_that_fails_in_a_fixture_counts_against_the_coverage(project, way):
    """The test is an error, and its case is one that could not be scored."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import ProviderError, assert_score

@pytest.fixture
def answer():
    raise ProviderError("provider 'p', model 'm': status 503")

def test_a(answer, llmeval):
    assert_score("q", 1)
""",
    )

    result = project.run(*way)

    assert 6 == result.ret
    assert (0, 1) == project.session.coverage


def test_no_key_is_shown_or_stored_by_a_refusal_or_an_error(project, loopback, way, monkeypatch):
    """A key as a setting, however deep, and one in the text of an exception."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-771177")
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n")
    project.write(
        "test_suite.py",
        """
import os
KEY = os.environ["OPENAI_API_KEY"]

def test_flat(llm):
    llm("x", api_key=KEY)

def test_deep(llm):
    llm("x", metadata={"headers": [{"authorization": KEY}]})

def test_own(llm):
    llm("x")
    raise RuntimeError("401 for key " + os.environ["OPENAI_API_KEY"])
""",
    )

    result = project.run(*way)

    result.assert_outcomes(failed=3)
    stored = b"".join(
        path.read_bytes() for path in project.path.rglob("*") if path.is_file() and ".llmeval" in path.parts
    )
    stored += b"".join(path.read_bytes() for path in (project.path / "recordings").rglob("*"))
    assert b"sk-canary-771177" not in stored
    assert "settings={'api_key'" not in result.stdout.str()
    assert "guard.py" not in result.stdout.str()
