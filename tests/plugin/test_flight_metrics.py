"""A user's own metric, sync or async, with a judge or without: what it raises fails its test, and holds up nobody."""

import pytest

from pytest_llmeval.loopback import Reply

serial_and_workers = pytest.mark.parametrize("way", [("-p", "no:xdist"), ("-n2",)], ids=["serial", "workers"])

SUITE = """
import asyncio, threading
import pytest
from pytest_llmeval import assert_score

async def raises(text):
    await asyncio.sleep(0.05)
    raise KeyError("async trouble")

async def raises_at_once(text):
    raise KeyError("early trouble")

def raises_sync(text):
    raise KeyError("sync trouble")

async def no_number(text):
    return "seven"

async def good(text):
    await asyncio.sleep(0.05)
    return float(text)

def check(llm, metric, name):
    assert_score("before", good, output=llm(f"0.8 {name}"))
    assert_score("m", metric, output=llm(f"0.9 {name}"))
    assert_score("after", good, output=llm(f"0.7 {name}"))

@pytest.mark.parametrize("metric", [raises, raises_at_once, raises_sync, no_number])
def test_trouble(llm, metric):
    check(llm, metric, metric.__name__)

@pytest.mark.xfail(raises=KeyError, strict=True)
def test_expected(llm):
    check(llm, raises, "expected")

def test_where_it_runs(llm):
    def in_the_tests_thread(text):
        return threading.current_thread() is threading.main_thread()

    check(llm, in_the_tests_thread, "thread")

@pytest.mark.parametrize("n", range(3))
def test_others(llm, n):
    check(llm, good, f"other {n}")
"""


@serial_and_workers
def test_what_a_metric_raises_fails_its_test_and_no_other(project, provider, way):
    """With the user's line; the test's other checks are scored, and so are all other tests."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart(*way, "--tb=short")

    result.assert_outcomes(passed=1 + 3, failed=4, xfailed=1)
    found = ["KeyError: 'async trouble'", "KeyError: 'early trouble'", "KeyError: 'sync trouble'", "got 'seven'"]
    result.stdout.fnmatch_lines_random([f"E*{line}" for line in found])
    text = result.stdout.str()
    assert "test_suite.py:25: in check" in text
    assert "test_suite.py:8: in raises" in text
    scores = {(id_.test.split("::")[1], id_.metric): score for (id_, _), score in project.scores().items()}
    names = [name for name, metric in scores if metric == "before"]
    assert 9 == len(names)
    assert {(0.8, 0.7)} == {(scores[name, "before"], scores[name, "after"]) for name in names}
    assert 4 == sum(metric == "m" for _, metric in scores)
    assert 1.0 == scores["test_where_it_runs", "m"]


def test_a_metric_that_never_ends_is_given_up(project, provider):
    """After ten times the time of a call; the tests beside it are not held up."""
    ini = project.path / "pytest.ini"
    ini.write_text(ini.read_text() + "llmeval_timeout_s = 0.2\n")
    project.write(
        "test_suite.py",
        """
import asyncio
from graded import number
from pytest_llmeval import assert_score

async def never_ends(text):
    await asyncio.Event().wait()

def test_stuck():
    assert_score("m", number, output="0.9")
    assert_score("m", never_ends, output="any")

def test_other():
    assert_score("m", number, output="0.8")
""",
    )

    result = project.run_apart("-p", "no:xdist")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(['>*assert_score("m", never_ends, *', "E*an async metric gave no result within 2 s"])
    assert [0.8, 0.9] == sorted(project.scores().values())


@pytest.mark.parametrize("way_out", ["pytest.fail('mine')", "raise asyncio.CancelledError", "sys.exit(3)"])
def test_a_metric_that_wants_to_end_more_than_its_test(project, provider, way_out):
    """Its own test fails; the loop lives on, and all others are scored."""
    project.write(
        "test_suite.py",
        f"""
import asyncio, sys
import pytest
from graded import number
from pytest_llmeval import assert_score

async def leaves(text):
    {way_out}

def test_trouble(llm):
    assert_score("m", leaves, output=llm("0.9 @0.1"))

@pytest.mark.parametrize("n", range(3))
def test_others(llm, n):
    assert_score("m", number, output=llm(f"0.9 @0.2 {{n}}"))
""",
    )

    result = project.run_apart("-p", "no:xdist")

    result.assert_outcomes(passed=3, failed=1)
    assert [0.9] * 3 == list(project.scores().values())


JUDGED = """
import pytest
from pytest_llmeval import ProviderError, assert_score

async def judged(text, judge):
    grade = await judge.acall(f"{text} judged @0.1")
    return float(grade.text)

def judged_sync(text, judge):
    return float(judge(f"{text} judged in a thread @0.1").text)

async def without_await(text, judge):
    return float(judge(f"{text} without await @0.1").text)

async def bad_judge(text, judge):
    return float((await judge.acall("broken")).text)

def bad_judge_sync(text, judge):
    return float(judge("broken").text)

async def survives(text, judge):
    try:
        await judge.acall("broken")
    except ProviderError:
        return 0.6

@pytest.mark.parametrize("metric", [judged, judged_sync, without_await, bad_judge, bad_judge_sync, survives])
def test_judge(llm, metric):
    assert_score("m", metric, output=llm(f"0.9 {metric.__name__} @0.1"))
"""


@serial_and_workers
def test_metrics_with_a_judge(project, provider, way):
    """Awaited, or in the test's thread; without await an error and no deadlock; a judge that fails leaves no score."""
    original = provider.model
    provider.model = lambda asked: _broken(asked) or original(asked)
    ini = project.path / "pytest.ini"
    ini.write_text(ini.read_text() + f"llmeval_judge = openai/j\nllmeval_judge_api_base = {provider.url}\n")
    project.write("test_suite.py", JUDGED)

    result = project.run_apart(*way)

    outcomes = result.parseoutcomes()
    assert (3, 1, 2) == (outcomes["passed"], outcomes["failed"], outcomes["unscored"])
    result.stdout.fnmatch_lines(
        ["E*an async metric cannot wait for a call without await", "E*write: await judge.acall(...)"]
    )
    by_name = {id_.test.split("[")[1][:-1]: score for (id_, _), score in project.scores().items()}
    assert {"judged": 0.9, "judged_sync": 0.9, "bad_judge": None, "bad_judge_sync": None, "survives": 0.6} == by_name


@serial_and_workers
def test_replayed_grades_need_nobody(project, provider, way):
    """The second run asks neither model nor judge, also in replay, and gives the same."""
    ini = project.path / "pytest.ini"
    ini.write_text(ini.read_text() + f"llmeval_judge = openai/j\nllmeval_judge_api_base = {provider.url}\n")
    project.write(
        "test_suite.py",
        JUDGED.replace("judged_sync, without_await, bad_judge, bad_judge_sync, survives", "judged_sync"),
    )
    assert 0 == project.run_apart("-p", "no:xdist").ret
    before, scores = len(provider.requests), project.scores()

    for cache in ("auto", "replay"):
        assert 0 == project.run_apart(*way, f"--llmeval-cache={cache}").ret
        assert scores == project.scores()

    assert before == len(provider.requests)
    assert [2, 2] == [
        len(trial.calls) + len(trial.judge_calls) for one in project.session.results for trial in one.trials
    ]


def _broken(asked):
    is_broken = asked["messages"][-1]["content"] == "broken"
    return Reply("no", status=400) if is_broken else None
