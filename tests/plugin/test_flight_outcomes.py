"""What pytest makes of a test's end, it makes of one whose checks come later: xfail, skip, errors, the traceback."""

import pytest

SUITE = """
import pytest
from graded import number
from pytest_llmeval import assert_safe, assert_score

good, bad = "0.9 @0.1", "0.1 @0.1"
GOOD_METRIC = 1

def check(llm, what, name):
    assert_score("m", number, output=llm(f"{what} {name}"))

@pytest.mark.xfail
def test_xfail_fails(llm):
    check(llm, bad, "a")

@pytest.mark.xfail
def test_xfail_passes(llm):
    check(llm, good, "b")

@pytest.mark.xfail(strict=True)
def test_strict_fails(llm):
    check(llm, bad, "c")

@pytest.mark.xfail(strict=True)
def test_strict_passes(llm):
    check(llm, good, "d")

def test_added_in_the_body(llm, request):
    check(llm, bad, "e")
    request.applymarker(pytest.mark.xfail(reason="late"))

@pytest.mark.xfail(raises=ValueError)
def test_raises_another(llm):
    check(llm, bad, "f")

@pytest.mark.xfail(raises=AssertionError)
def test_raises_this(llm):
    check(llm, bad, "g")

@pytest.mark.xfail(run=False)
def test_never_run(llm):
    check(llm, bad, "h")

@pytest.mark.skip(reason="not now")
def test_skip_mark(llm):
    check(llm, bad, "i")

def test_skips_after_a_check(llm):
    check(llm, bad, "j")
    pytest.skip("changed my mind")

def test_xfails_after_a_check(llm):
    check(llm, good, "k")
    pytest.xfail("known")

@pytest.fixture
def broken_setup():
    raise ValueError("up")

@pytest.fixture
def broken_end():
    yield
    raise ValueError("down")

def test_setup_error(llm, broken_setup):
    check(llm, bad, "l")

def test_teardown_error_and_good(llm, broken_end):
    check(llm, good, "m")

def test_teardown_error_and_bad(llm, broken_end):
    check(llm, bad, "n")

def test_body_fails(llm):
    check(llm, bad, "o")
    check(llm, good, "p")
    raise ValueError("own error")

@pytest.mark.xfail(strict=True)
@pytest.mark.llmeval(trials=2)
def test_strict_over_trials(llm):
    check(llm, bad, "q")

def test_passes(llm):
    check(llm, good, "r")

def test_fails(llm):
    check(llm, bad, "s")
"""
EXPECTED = {
    "xfail_fails": "xfailed",
    "xfail_passes": "xpassed",
    "strict_fails": "xfailed",
    "strict_passes": "failed",
    "added_in_the_body": "xfailed",
    "raises_another": "failed",
    "raises_this": "xfailed",
    "never_run": "xfailed",
    "skip_mark": "skipped",
    "skips_after_a_check": "skipped",
    "xfails_after_a_check": "xfailed",
    "setup_error": "error",
    "teardown_error_and_good": "passed error",
    "teardown_error_and_bad": "failed error",
    "body_fails": "failed",
    "strict_over_trials": "xfailed",
    "passes": "passed",
    "fails": "failed",
}


@pytest.mark.parametrize("way", [("-n0",), ("-n2",)], ids=["serial", "workers"])
def test_every_outcome_is_what_it_is_for_any_test(project, provider, way):
    """Parked or eager; and every check that was made is scored, but those of a test that skipped itself."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart(*way, "-rA", "--tb=short")

    assert EXPECTED == _outcomes(result)
    asked = {question.split()[-1] for question in provider.questions}
    assert set("abcdefg") | set("jk") | set("mnopqrs") == asked
    scores = {
        (id_.test.removeprefix("test_suite.py::test_"), id_.nth): score
        for (id_, trial), score in project.scores().items()
    }
    assert {name for name, nth in scores} == set(EXPECTED) - {
        "never_run",
        "skip_mark",
        "skips_after_a_check",
        "setup_error",
    }
    assert (0.1, 0.9) == (scores["body_fails", 0], scores["body_fails", 1])
    result.stdout.fnmatch_lines(["*own error*", "*checks below their thresholds*", "m 0.10 is below*"])
    result.stdout.fnmatch_lines_random(["SKIPPED*changed my mind", "XFAIL*late", "XFAIL*known", "*XPASS(strict)*"])


def test_every_outcome_is_the_same_where_tests_wait_for_their_own_checks(project, provider):
    """Here because another plug-in wants to run the tests itself."""
    project.write("test_suite.py", SUITE)
    project.write("conftest.py", "def pytest_runtest_protocol(item, nextitem):\n    return None\n")

    result = project.run_apart("-p", "no:xdist", "-rA", "--tb=short")

    assert EXPECTED == _outcomes(result)


def _outcomes(result):
    """Read pytest's own summary, the words of each test; XPASS(strict) is a failure."""
    words = {"PASSED": "passed", "FAILED": "failed", "XFAIL": "xfailed", "XPASS": "xpassed", "ERROR": "error"}
    found = {}
    for line in result.outlines:
        word, _, rest = line.partition(" ")
        if word == "SKIPPED":
            found["skip_mark" if "not now" in rest else "skips_after_a_check"] = {"skipped"}
        elif word in words and "::test_" in rest:
            found.setdefault(rest.split("::test_")[1].split(" ")[0], set()).add(words[word])
    order = list(words.values())
    return {
        name: " ".join(sorted(said, key=order.index)) if len(said) > 1 else said.pop() for name, said in found.items()
    }


FAILING = """
import pytest
from graded import number
from pytest_llmeval import assert_score

def helper(answer):
    number_of_frames = 2
    assert_score("deep", number, output=answer,
                 threshold=0.8)

def test_deep(llm):
    helper(llm("0.2 @0.1"))

class TestMethods:
    def test_several(self, llm):
        first = llm("0.3 @0.1 a")
        assert_score("a", number, output=first)
        assert_score("b", number, output=llm("0.7 @0.1 b"))
        assert_score("c", number, output=llm("0.4 @0.1 c"))
"""


@pytest.mark.parametrize("style", ["long", "short", "line", "native"])
def test_the_traceback_ends_in_the_users_line(project, provider, style):
    """Of a helper too; several failing checks are listed with a line each, and no frame of ours is shown."""
    project.write("test_suite.py", FAILING)

    result = project.run_apart("-p", "no:xdist", f"--tb={style}")

    result.assert_outcomes(failed=2)
    text = result.stdout.str()
    assert "plugin/landing" not in text or style == "native"  # which hides nobody's frames, pytest's own included
    deep = {
        "long": "test_suite.py:8: CheckFailed",
        "short": "test_suite.py:8: in helper",
        "line": "*test_suite.py:8: *deep 0.20*",
    }
    several = {
        "long": "test_suite.py:17: CheckFailed",
        "short": "test_suite.py:17: in test_several",
        "line": "*test_suite.py:17: *",
    }
    native = '*test_suite.py", line {}, in {}'
    result.stdout.fnmatch_lines(
        [deep.get(style, native.format(8, "helper")), several.get(style, native.format(17, "test_several"))]
    )
    if style != "line":
        result.stdout.fnmatch_lines(
            [
                "*deep 0.20 is below its threshold 0.80",
                "*a 0.30 is below*",
                "*test_suite.py:17: assert_score*",
                "*c 0.40 is below*",
                "*test_suite.py:19: *",
            ]
        )
    if style == "long":
        result.stdout.fnmatch_lines(
            ['>       assert_score("a", number, output=first)', "E       pytest_llmeval.CheckFailed: *"]
        )
    assert "b 0.70" not in text.split("= llmeval =")[0]
