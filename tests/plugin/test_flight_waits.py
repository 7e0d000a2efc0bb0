"""Where a later report would break another plug-in's work, a test waits for its own checks; the user is told why."""

import importlib.util
import sys

import pytest

SUITE = """
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.mark.parametrize("n", range(4))
def test_many(llm, n):
    assert_score("m", number, output=llm(f"0.{1 if n == 1 else 9} @0.1 n {n}"))
"""


def _needs(module):
    return pytest.mark.skipif(importlib.util.find_spec(module) is None, reason=f"{module} is not installed")


def _told(result):
    return [line for line in result.outlines if line.startswith("llmeval: every test waits for its own checks: ")]


@pytest.mark.parametrize("args", [("-p", "no:xdist"), ("-n2",)], ids=["serial", "workers"])
def test_a_foreign_protocol_is_not_switched_off(project, provider, args):
    """A plug-in that runs the items itself, or might: each test waits, and one line says because of whom."""
    project.write("test_suite.py", SUITE)
    project.write(
        "conftest.py",
        """
import pathlib

class Mine:
    def pytest_runtest_protocol(self, item, nextitem):
        pathlib.Path(f"seen {item.name}").touch()

def pytest_configure(config):
    config.pluginmanager.register(Mine(), "my-own-protocol")
""",
    )

    result = project.run_apart(*args)

    result.assert_outcomes(passed=3, failed=1)
    assert ["llmeval: every test waits for its own checks: my-own-protocol runs the tests in its own way"] == _told(
        result
    )
    assert 4 == len(list(project.path.glob("seen *")))
    assert provider.peak <= (2 if "-n2" in args else 1)


def test_shown_setup(project, provider):
    """--setup-show prints set-up and teardown as they are; nothing is parked."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart("-p", "no:xdist", "--setup-show")

    result.assert_outcomes(passed=3, failed=1)
    assert 1 == len(_told(result))
    result.stdout.fnmatch_lines(["*SETUP*F llm", "*test_many*F", "*TEARDOWN F llm", "*SETUP*F llm"])
    assert 1 == provider.peak


@pytest.mark.parametrize("flag", ["--pdb", "--trace"])
def test_a_debugger_stops_in_the_users_line(project, provider, flag):
    """With the locals of the failing check's own frame, and without hanging."""
    project.write("test_suite.py", SUITE.replace("range(4)", "range(2)"))
    commands = b"p 'n is ' + str(n)\nc\n" if flag == "--pdb" else b"c\nc\nc\n"
    stdin = project.path / "stdin"
    stdin.write_bytes(commands)

    with stdin.open("rb") as file:
        result = project.pytester.run(sys.executable, "-m", "pytest", "-p", "no:xdist", flag, stdin=file, timeout=60)

    result.assert_outcomes(passed=1, failed=1)
    assert "INTERNALERROR" not in result.stdout.str()
    if flag == "--pdb":
        result.stdout.fnmatch_lines(["*entering PDB*", "> *test_suite.py(8)test_many()", "*'n is 1'"])
    assert 1 == provider.peak


@_needs("pytest_rerunfailures")
@pytest.mark.parametrize("args", [("-p", "no:xdist"), ("-n2",)], ids=["serial", "workers"])
def test_reruns_happen(project, provider, args):
    """A failing check is a failure that pytest-rerunfailures sees: it runs the test again, and the last run counts."""
    project.write(
        "test_suite.py",
        """
import pathlib
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.mark.flaky(reruns=2)
def test_flaky(llm):
    seen = pathlib.Path("seen")
    n = len(seen.read_text()) if seen.exists() else 0
    seen.write_text("x" * (n + 1))
    assert_score("m", number, output=llm(f"0.{n + 3} @0.1"))

@pytest.mark.flaky(reruns=1)
def test_always_bad(llm):
    assert_score("m", number, output=llm("0.1 @0.1 bad"))

@pytest.mark.parametrize("n", range(4))
def test_parked(llm, n):
    assert_score("m", number, output=llm(f"0.9 @0.3 n {n}"))
""",
    )

    result = project.run_apart(*args)

    outcomes = result.parseoutcomes()
    assert (5, 1, 3) == (outcomes["passed"], outcomes["failed"], outcomes["rerun"])
    assert {"test_flaky": 0.5, "test_always_bad": 0.1} == {
        id_.test.split("::")[1]: score for (id_, _), score in project.scores().items() if "parked" not in id_.test
    }
    assert 2 <= provider.peak


@_needs("pytest_rerunfailures")
def test_reruns_of_all_tests(project, provider):
    """--reruns: every test waits for its own checks."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart("-p", "no:xdist", "--reruns=2")

    outcomes = result.parseoutcomes()
    assert (3, 1, 2) == (outcomes["passed"], outcomes["failed"], outcomes["rerun"])
    assert 1 == provider.peak


@_needs("pytest_timeout")
@pytest.mark.parametrize("method", ["signal", "thread"])
def test_waiting_is_charged_to_no_test(project, provider, method):
    """pytest-timeout watches bodies and fixtures; checks have their own limit."""
    project.write(
        "test_suite.py",
        """
import time
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.fixture(scope="module")
def wide():
    yield

@pytest.fixture
def narrow():
    yield

@pytest.mark.parametrize("n", range(6))
def test_many(llm, wide, n):
    assert_score("m", number, output=llm(f"0.9 @0.9 n {n}"))

def test_narrow(llm, wide, narrow):
    assert_score("m", number, output=llm("0.9 @0.9 narrow"))

def test_plain():
    time.sleep(0.1)
""",
    )

    result = project.run_apart(
        "-p", "no:xdist", "--timeout=0.6", f"--timeout-method={method}", "--llmeval-concurrency=4"
    )

    assert 0 == result.ret
    result.assert_outcomes(passed=8)


@_needs("allure_pytest")
def test_allure_sees_what_failed(project, provider):
    """It writes a test's result when its body ends."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart("-p", "no:xdist", "--alluredir=allure")

    result.assert_outcomes(passed=3, failed=1)
    assert 1 == len(_told(result))
    written = [path.read_text() for path in (project.path / "allure").glob("*-result.json")]
    assert ["failed", "passed", "passed", "passed"] == sorted(
        "failed" if '"status": "failed"' in text else "passed" for text in written
    )


def test_an_unknown_xdist_makes_tests_wait(project, provider):
    """Where the worker's plug-in is not what we know, nothing is parked in a worker, and one line says so."""
    project.write("test_suite.py", SUITE)
    project.write(
        "conftest.py",
        "from pytest_llmeval.plugin import workers\n\nworkers.interactor = lambda config: None\n",
    )

    result = project.run_apart("-n2")

    result.assert_outcomes(passed=3, failed=1)
    assert ["llmeval: every test waits for its own checks: this version of pytest-xdist is not known"] == _told(result)
    assert provider.peak <= 2


def test_a_marker_makes_one_test_wait(project, provider):
    """eager=True: its calls are waited for and its checks raise where they stand; the others fly."""
    project.write(
        "test_suite.py",
        SUITE
        + """
@pytest.mark.llmeval(eager=True)
def test_eager(llm):
    answer = llm("0.1 @0.1 eager")
    assert "text" in vars(answer)
    with pytest.raises(AssertionError, match="m 0.10"):
        assert_score("m", number, output=answer)
    raise ValueError("reached")

@pytest.mark.llmeval(eager=True, trials=2)
def test_eager_trials(llm, llmeval):
    assert_score("m", number, output=llm(f"0.{9 - 8 * llmeval.trial} @0.1 trials"), threshold=0.3)
""",
    )

    result = project.run_apart("-p", "no:xdist")

    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines_random(["E*ValueError: reached", "E*m 0.10 is below its threshold 0.30"])
    assert 2 <= provider.peak
