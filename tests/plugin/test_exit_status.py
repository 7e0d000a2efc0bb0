"""The exit status: the first that applies of pytest's own 2 to 5, then 6, 1, 7, 0; with the reason in words."""

import pytest

from pytest_llmeval.store import baselines

SUITE = """
import os
import pytest
from pytest_llmeval import ProviderError, assert_score

SCORES = eval(os.environ.get("SCORES", "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"))

@pytest.mark.llmeval(trials=10)
@pytest.mark.parametrize("case", ["a", "b"])
def test_case(case, llmeval):
    if os.environ.get("OUTAGE"):
        raise ProviderError("provider 'p', model 'm': status 429")
    assert_score("m", SCORES[llmeval.trial])
"""


@pytest.fixture
def suite(project):
    """A suite of two cases whose baseline passed ten of ten."""
    project.write("test_suite.py", SUITE)
    assert 0 == project.run("--llmeval-baseline-update").ret
    return project


def test_0_when_nothing_fell(suite, way):
    """The gate is open, and the line says so."""
    result = suite.run(*way, "--llmeval-gate=pr")

    assert 0 == result.ret
    result.stdout.fnmatch_lines(["*exit status 0*"])


def test_1_when_a_threshold_fails(suite, monkeypatch, way):
    """Without a gate the thresholds decide."""
    monkeypatch.setenv("SCORES", str([0] * 10))

    result = suite.run(*way)

    assert 1 == result.ret
    result.stdout.fnmatch_lines(["*exit status 1: 2 tests failed*"])


def test_1_when_a_metric_regressed_though_every_test_passed(suite, monkeypatch, way):
    """With the gate on the tests do not fail; the verdict does, and names the cases."""
    monkeypatch.setenv("SCORES", str([0] * 10))

    result = suite.run(*way, "--llmeval-gate=pr")

    assert 1 == result.ret
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*REGRESSED*test_suite.py::test_case*", "*exit status 1: a metric regressed*"])


def test_a_flaky_case_is_held_by_its_baseline(suite, monkeypatch):
    """Below its threshold, as on main: shown, not failed."""
    low = str([1, 0, 0, 0, 0, 1, 0, 0, 1, 0])
    monkeypatch.setenv("SCORES", low)
    assert 0 == suite.run("--llmeval-baseline-update").ret

    result = suite.run("--llmeval-gate=pr")

    assert 0 == result.ret
    result.assert_outcomes(passed=2)
    assert 2 == suite.session.summaries[0].n_below


@pytest.mark.parametrize("gate", ["off", "pr"])
def test_6_when_an_outage_leaves_too_little_scored(suite, monkeypatch, way, gate):
    """An outage is neither a regression nor the absence of one."""
    monkeypatch.setenv("OUTAGE", "1")

    result = suite.run(*way, f"--llmeval-gate={gate}")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(["*exit status 6: no verdict is possible: 0 of 20 checks are scored*"])
    assert 2 == result.parseoutcomes()["unscored"]


def test_6_without_a_baseline(project):
    """A missing baseline is not a pass."""
    project.write("test_suite.py", SUITE)

    result = project.run("--llmeval-gate=pr")

    assert 6 == result.ret


@pytest.mark.parametrize(
    "narrowed", [("-k", "a"), ("test_suite.py::test_case[a]",), ("--deselect", "test_suite.py::test_case[b]")]
)
def test_6_for_a_selection_under_the_gate_and_not_without_it(suite, narrowed):
    """A part of the suite is never a green gate by omission."""
    assert 6 == suite.run(*narrowed, "--llmeval-gate=pr").ret
    assert 0 == suite.run(*narrowed).ret


def test_6_for_one_file_of_two_under_the_gate(suite):
    """The other file is still there, and was not run."""
    suite.write("test_other.py", SUITE.replace("test_case", "test_more"))
    assert 0 == suite.run("--llmeval-baseline-update").ret

    result = suite.run("test_suite.py", "--llmeval-gate=pr")

    assert 6 == result.ret
    result.stdout.fnmatch_lines(["*only a selection was run*"])


def test_6_when_a_run_is_cut_short_under_the_gate(suite, way):
    """-x ends the run at the first failure, so the session is partial; without a gate it stays 1."""
    suite.write("test_aaa.py", "def test_fails():\n    assert False\n")

    # A controller that stops its workers is interrupted, says pytest-xdist; that is pytest's own 2.
    assert (2 if "-n2" in way else 6) == suite.run(*way, "-x", "--llmeval-gate=pr").ret
    assert (2 if "-n2" in way else 1) == suite.run(*way, "-x").ret


def test_7_when_undecided_and_strict(project):
    """One trial a case proves nothing; the strict gate says so with a status of its own."""
    project.write("test_suite.py", SUITE.replace("trials=10", "trials=1"))
    assert 0 == project.run("--llmeval-baseline-update").ret

    assert 0 == project.run("--llmeval-gate=pr").ret
    assert 7 == project.run("--llmeval-gate=strict").ret


def test_4_for_a_malformed_baseline(suite, way):
    """Found before the first test, with file, line and kind."""
    path = baselines.path_of(suite.path / "baselines", "test_suite.py::test_case[a]")
    path.write_text("<<<<<<< HEAD\n" + path.read_text())

    result = suite.run(*way, "--llmeval-gate=pr")

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["*baseline file*line 1*", "*conflict marker*"])


@pytest.mark.parametrize(
    ("flag", "word"),
    [
        ("--llmeval-gate=perhaps", "one of off, pr, strict"),
        ("--llmeval-trials=0", "a whole number from 1"),
        ("--llmeval-cache=never", "one of"),
        ("--llmeval-report=pdf", "TYPE"),
    ],
)
def test_4_for_a_flag_that_cannot_be_obeyed(project, flag, word):
    """With the flag, the value, and what it takes."""
    project.write("test_suite.py", "def test_nothing():\n    pass\n")

    result = project.run(flag)

    assert 4 == result.ret
    result.stderr.fnmatch_lines([f"*{flag.split('=')[0]}=*is not allowed*", f"*{word}*"])


def test_5_and_2_stay_pytests_own(project):
    """No tests collected; a collection that fails."""
    assert 5 == project.run("--llmeval-gate=pr").ret
    project.write("test_broken.py", "import nothing_of_that_name\n")
    assert 2 == project.run("--llmeval-gate=pr").ret


def test_results_that_cannot_be_stored_never_end_with_0(project):
    """The scores still reach the terminal."""
    project.write("test_suite.py", SUITE)
    (project.path / ".llmeval").write_text("a file where the folder should be")

    result = project.run()

    assert 6 == result.ret
    result.stdout.fnmatch_lines(["*m *1.000*", "*llmeval: *"])
