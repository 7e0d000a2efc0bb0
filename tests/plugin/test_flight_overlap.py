"""Plain synchronous tests, and the calls of many of them in flight together: as many as asked for, never more."""

import threading

import pytest

from pytest_llmeval.loopback import Loopback

SUITE = """
import pytest
from graded import number
from pytest_llmeval import assert_relevance, assert_score

@pytest.mark.parametrize("n", range(12))
def test_many(llm, n):
    answer = llm(f"0.9 @0.1 n {n}")
    assert_score("m", number, output=answer)
"""


@pytest.fixture
def together(project):
    """A provider that answers nobody before four have asked, and a suite that would hang without overlap."""
    are_four = threading.Barrier(4)

    def model(asked):
        are_four.wait(20)
        return "0.9"

    with Loopback(model) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        project.write("graded.py", "async def number(text):\n    return float(text)\n")
        yield server


def test_a_provider_that_answers_only_four_at_a_time(project, together):
    """Twelve sync tests in a serial run; one by one, the first would wait for ever."""
    project.write("test_suite.py", SUITE)

    result = project.run_apart("-p", "no:xdist")

    assert 0 == result.ret
    result.assert_outcomes(passed=12)
    assert 12 == len(together.requests)


def test_dependent_calls_of_one_test_wait_only_for_each_other(project, together):
    """Each metric asks a judge once its answer is there; the metrics of four tests ask together."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("n", range(4))
def test_many(llm, n):
    async def judged(text, judge):
        return float((await judge.acall(f"{n}: {text}")).text)

    assert_score("m", judged, output=llm(f"question {n}"))
""",
    )
    ini = project.path / "pytest.ini"
    ini.write_text(ini.read_text() + f"llmeval_judge = openai/j\nllmeval_judge_api_base = {together.url}\n")

    result = project.run_apart("-p", "no:xdist")

    assert 0 == result.ret
    assert 8 == len(together.requests)
    assert [0.9] * 4 == list(project.scores().values())


@pytest.mark.parametrize(
    ("args", "ini", "peaks"),
    [
        ((), "", range(2, 21)),
        (("--llmeval-concurrency=3",), "", range(2, 4)),
        ((), "llmeval_eager = true", range(1, 2)),
        (("--setup-show",), "", range(1, 2)),
    ],
    ids=["default", "three", "eager", "set-up is shown"],
)
def test_how_many_are_in_flight(project, provider, args, ini, peaks):
    """The provider counts: more than one, never more than allowed, and one where each test waits for itself."""
    project.write("test_suite.py", SUITE)
    path = project.path / "pytest.ini"
    path.write_text(path.read_text() + ini)

    result = project.run_apart("-p", "no:xdist", *args)

    result.assert_outcomes(passed=12)
    assert provider.peak in peaks
    assert 12 == len(provider.requests)
