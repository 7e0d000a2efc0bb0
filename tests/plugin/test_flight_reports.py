"""What a report carries, it carries for a parked test: output, properties, durations, JUnit, unittest, subtests."""

import re
from xml.etree import ElementTree as ET

import pytest

serial_and_workers = pytest.mark.parametrize("way", [("-p", "no:xdist"), ("-n2",)], ids=["serial", "workers"])

SUITE = """
import logging, sys, unittest
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.fixture
def noisy():
    print("out of the set-up")
    yield
    print("out of the teardown")

def test_prints(llm):
    print("out of the body")
    print("err of the body", file=sys.stderr)
    logging.getLogger("mine").warning("log of the body")
    assert_score("m", number, output=llm("0.1 @0.3 a"))

def test_prints_too(llm, noisy):
    print("out of the other body")
    assert_score("m", number, output=llm("0.1 @0.3 b"))

def test_capsys(llm, capsys):
    print("mine")
    assert_score("m", number, output=llm("0.9 @0.3 c"))
    assert capsys.readouterr().out == "mine\\n"

def test_caplog(llm, caplog):
    logging.getLogger("mine").warning("seen")
    assert_score("m", number, output=llm("0.9 @0.3 d"))
    assert caplog.messages == ["seen"]

def test_property(llm, record_property):
    record_property("before", 1)
    assert_score("m", number, output=llm("0.1 @0.3 e"))
    record_property("after", 2)

def test_property_of_a_good_one(llm, record_property):
    record_property("good", 1)
    assert_score("m", number, output=llm("0.9 @0.3 f"))

@pytest.mark.llmeval()
class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def asked(self, llm):
        self.llm = llm

    def setUp(self):
        self.is_up = True

    def test_good(self):
        assert self.is_up
        assert_score("m", number, output=self.llm("0.9 @0.3 g"))

    def test_bad(self):
        assert_score("m", number, output=self.llm("0.1 @0.3 h"))

    def test_body(self):
        assert_score("m", number, output=self.llm("0.1 @0.3 i"))
        self.assertEqual(1, 2)

    def test_skips(self):
        assert_score("m", number, output=self.llm("0.1 @0.3 j"))
        self.skipTest("not today")

def test_plain():
    pass
"""
N_FAILED, N_PASSED = 5, 5


@pytest.fixture
def ran(project, provider, way):
    """One run that asks for all of it."""
    project.write("test_suite.py", SUITE)
    result = project.run_apart(
        *way, "--junitxml=junit.xml", "-o", "junit_family=xunit1", "--durations=0", "--durations-min=0.2", "-rA"
    )
    result.assert_outcomes(passed=N_PASSED, failed=N_FAILED, skipped=1)
    return result


@serial_and_workers
def test_reports_are_whole(project, provider, ran):
    """Captured output stands in its sections, durations and JUnit have the time of the calls, properties are there."""
    text = ran.stdout.str()
    for name, sections in {
        "test_prints": [
            "stdout call",
            "out of the body",
            "stderr call",
            "err of the body",
            "log call",
            "*log of the body",
        ],
        "test_prints_too": ["stdout setup", "out of the set-up", "stdout call", "out of the other body"],
    }.items():
        ran.stdout.fnmatch_lines(
            [f"*_ {name} _*", *(f"*Captured {s} *" if len(s.split()) == 2 else s for s in sections)]
        )
    assert 1 == len(re.findall("^out of the body$", text, re.MULTILINE))
    ran.stdout.fnmatch_lines_random(["*s call*test_prints", "*s call*test_capsys", "*s call*test_bad"])
    _look_at_junit(ET.parse(project.path / "junit.xml").getroot())  # noqa: S314 - our own file


def _look_at_junit(root):
    (suite,) = root.iter("testsuite")
    assert {"tests": "11", "failures": str(N_FAILED), "errors": "0", "skipped": "1"} == {
        name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")
    }
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert 11 == len(cases)
    for name, case in cases.items():
        is_asking = name not in ("test_plain", "test_skips")
        assert is_asking is (float(case.get("time")) >= 0.29), name
    # The user's own; beside them stand the scores.
    properties = {
        name: {p.get("name"): p.get("value") for p in case.iter("property") if "llmeval." not in p.get("name")}
        for name, case in cases.items()
    }
    assert {"before": "1", "after": "2"} == properties["test_property"]
    assert {"good": "1"} == properties["test_property_of_a_good_one"]
    (failure,) = cases["test_prints"].iter("failure")
    assert failure.get("message").startswith("pytest_llmeval.CheckFailed: m 0.10 is below its threshold 0.50")
    assert "test_suite.py:17: CheckFailed" in failure.text
    assert "AssertionError: 1 != 2" in next(cases["test_body"].iter("failure")).get("message")


@serial_and_workers
def test_subtests_of_pytest(project, provider, way):
    """A check inside one is the test's; a subtest that fails by itself is reported as such, and its test too."""
    if not hasattr(pytest, "Subtests"):
        pytest.skip("this pytest has no subtests")
    project.write(
        "test_suite.py",
        """
import unittest
import pytest
from graded import number
from pytest_llmeval import assert_score

@pytest.mark.llmeval()
class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def asked(self, llm):
        self.llm = llm

    def test_of_unittest(self):
        for n in range(3):
            with self.subTest(n=n):
                assert_score("m", number, output=self.llm(f"0.9 @0.1 unittest {n}"))

def test_first(llm):
    assert_score("m", number, output=llm("0.9 @0.3 first"))

def test_parts(llm, subtests):
    for n in range(3):
        with subtests.test(n=n):
            assert_score("m", number, output=llm(f"0.{1 if n == 2 else 9} @0.2 {n}"))
            assert n != 1, "own error"

def test_whole(llm, subtests):
    with subtests.test(part=1):
        assert_score("m", number, output=llm("0.9 @0.1 whole"))
""",
    )

    result = project.run_apart(*way, "-rA")

    assert 1 == result.ret
    result.stdout.fnmatch_lines(["E*own error*"])
    result.stdout.fnmatch_lines(["E*m 0.10 is below its threshold 0.50"])
    result.stdout.fnmatch_lines_random(
        [
            "SUBFAILED(n=*1*) test_suite.py::test_parts*",
            "FAILED test_suite.py::test_parts*",
            "PASSED test_suite.py::test_whole",
        ]
    )
    assert 3 + 1 + 3 + 1 == len(project.scores())
    expected = {"test_of_unittest": "passed", "test_first": "passed", "test_parts": "failed", "test_whole": "passed"}
    assert expected == {one.id.test.split("::")[-1]: one.outcome for one in project.session.results}


@pytest.mark.parametrize("args", [("-s",), ("-o", "log_cli=true", "-o", "log_cli_level=INFO")], ids=["-s", "live log"])
def test_output_that_is_not_captured(project, provider, args):
    """It appears when the body runs; nothing goes wrong."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart("-p", "no:xdist", *args)

    result.assert_outcomes(passed=N_PASSED, failed=N_FAILED, skipped=1)
    if "-s" in args:
        result.stdout.fnmatch_lines_random(["*out of the body"])
    else:
        result.stdout.fnmatch_lines_random(["*log of the body*"])
