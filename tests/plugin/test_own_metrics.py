"""A metric that is declared once has a check, and a place in baseline, gate, floors and reports, without more code."""

import re
from pathlib import Path

import pytest

from pytest_llmeval.loopback import Loopback

CONFTEST = """
import pytest_llmeval

@pytest_llmeval.metric(threshold=0.6)
def share(output, wanted="a", scale=1.0):
    return scale * output.count(wanted) / len(output)
"""
SUITE = """
import pytest
from pytest_llmeval import assert_share

@pytest.mark.parametrize("text", ["aaaa", "aaab"])
def test_text(text):
    assert_share(text)
"""


@pytest.fixture
def suite(project):
    """A project that declares a metric in its conftest.py."""
    project.write("conftest.py", CONFTEST)
    project.write("test_suite.py", SUITE)
    return project


def test_it_is_gathered_with_its_own_threshold(suite, way):
    """Same scores in every way, from a check that no file of ours names."""
    suite.write("test_suite.py", SUITE.replace('"aaab"', '"abbb"'))

    result = suite.run(*way)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([">       assert_share(text)", "E*CheckFailed: share 0.25 is below its threshold 0.60"])
    assert {1.0, 0.25} == set(suite.scores().values())
    assert {"share"} == {summary.metric for summary in suite.session.summaries}


def test_it_is_gated_like_any_other(suite):
    """Stored, compared, and regressed: by name, and by its version."""
    suite.write("test_suite.py", SUITE.replace("def test", "@pytest.mark.llmeval(trials=10)\ndef test"))
    assert 0 == suite.run("--llmeval-baseline-update").ret
    suite.write("conftest.py", CONFTEST.replace("scale=1.0", "scale=0.7"))

    worse = suite.run("--llmeval-gate=pr")

    assert 1 == worse.ret
    worse.stdout.fnmatch_lines(["REGRESSED*share*"])
    suite.write("conftest.py", CONFTEST.replace("threshold=0.6", 'threshold=0.6, version="2"'))
    assert 6 == suite.run("--llmeval-gate=pr").ret  # incomparable: another version


def test_an_option_that_changes_the_scores_changes_their_version(suite):
    """Else scores of two settings would be compared."""
    suite.write(
        "test_suite.py", SUITE.replace("(text)\n", '(text, wanted="b", threshold=None)\n', 2).replace("b,", ",")
    )
    suite.run()

    checks = [check for result in suite.session.results for trial in result.trials for check in trial.checks]
    assert {'1 wanted="b"'} == {check.score.version for check in checks}


def test_a_floor_names_it(suite):
    """``--llmeval-fail-under=share:0.9`` is about its mean."""
    assert 1 == suite.run("--llmeval-fail-under=share:0.9").ret
    assert 0 == suite.run("--llmeval-fail-under=share:0.8").ret


NEEDS = """
import pytest
import pytest_llmeval
from pytest_llmeval import Score

@pytest_llmeval.metric
async def echoes(output, question, judge, case, expected, context=None, color="red"):
    grade = await judge.acall(f"{expected} {case.id} {color} {context}")
    return output == question and grade.text == "0.5 one red None", grade.text

@pytest_llmeval.metric
def same(outputs):
    return len(set(outputs)) == 1, f"{len(outputs)} answers"

@pytest_llmeval.metric(cost="embedding")
def quick(response, limit):
    return Score(metric="any", value=float(response.latency_s < limit), version="any")

@pytest.mark.llmeval(cases=[{"id": "one", "input": "Hello", "expected": "0.5", "limit": 60}], trials=2)
def test_needs(llm, llm_case):
    answer = llm(llm_case.input)
    pytest_llmeval.assert_echoes(answer)
    pytest_llmeval.assert_same(answer)
    quick.check(answer)

def test_a_list():
    assert pytest_llmeval.assert_same(["a", "b"], threshold=None).value == 0.0
    assert quick.cost == "embedding" and quick.needs == ("response", "limit")
    assert same(outputs=["a"])[0]
"""


def test_it_is_given_what_it_names(project, loopback, way):
    """Question, case and fields of the case, judge and all trials; awaited or not; the name is its own."""
    project.write(
        "pytest.ini",
        f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n"
        f"llmeval_judge = openai/j\nllmeval_judge_api_base = {loopback.url}\n",
    )
    project.write("test_suite.py", NEEDS)

    project.run(*way).assert_outcomes(passed=2)

    found = {(id_.metric, trial): value for (id_, trial), value in project.scores().items() if "needs" in id_.test}
    assert {"echoes": 1.0, "quick": 1.0} == {name: value for (name, trial), value in found.items() if trial == 1}
    assert 1.0 == found["same", -1]


BAD = """
import pytest_llmeval
from pytest_llmeval import UsageError, metric
import pytest

def expect(*lines):
    return pytest.raises(UsageError, match="(?s)" + ".*".join(lines))

def test_declared_twice():
    @metric
    def one(output): ...
    with expect("'one' is declared twice", r"at .*test_suite.py:\\d+ and at .*test_suite.py:\\d+", "another name"):
        metric(name="one")(lambda output: 1)

@pytest.mark.parametrize("name", ["safety", "relevance", "score"])
def test_of_ours(name):
    with expect("own", "declared at", "another name"):
        metric(name=name)(lambda output: 1)

@pytest.mark.parametrize("function", [
    lambda text: 1, lambda output, *more: 1, lambda output, threshold: 1, lambda outputs, judge: 1,
])
def test_cannot_be_called(function):
    with expect("'m' cannot be called", "test_suite.py", "it takes output"):
        metric(name="m")(function)

def test_names_and_costs():
    with expect("cannot be named 'two words'", "declared at", "letters"):
        metric(name="two words")(lambda output: 1)
    with expect("cost='offline'", "takes a judge", "cost is"):
        metric(name="n", cost="offline")(lambda output, judge: 1)
    with expect("threshold=2", "in \\\\[0, 1\\\\]"):
        metric(name="n", threshold=2)(lambda output: 1)

@pytest.mark.parametrize("value", ["'x'", "None", "1.2", "float('nan')", "(0.5, 1)", "(None, '')", "-0.1", "[1]"])
def test_wrong_value(value):
    with expect("'wrong' returned", "stands at .*test_suite.py", "a number in"):
        metric(name="wrong")(lambda output: eval(value)).check("text")

def test_unknown_parameter():
    known = metric(name="known")(lambda output, codes, most=3: 1)
    with expect("assert_known does not take code=", "takes codes, most", "options of every"):
        known.check("text", code=1)
    with expect("assert_known does not know 'codes'", "no case", r"assert_known\\(answer, codes=...\\)"):
        known.check("text")
    with expect("judges one answer"):
        known.check(["a", "b"], codes=1)

def test_nobody_declared_it():
    with expect("has no 'assert_nothing'", "declared so far: .*assert_known", "def nothing"):
        from pytest_llmeval import assert_nothing
"""


def test_what_is_wrong_with_a_metric_is_said_in_three_lines(project):
    """A taken name, a function that nobody could call, a value that is none, an argument that it has not."""
    project.write("test_suite.py", BAD)

    result = project.run("-p", "no:randomly")

    result.assert_outcomes(passed=1 + 3 + 4 + 1 + 8 + 1 + 1)


def test_two_meanings_of_a_name_stop_pytest_before_the_first_test(suite):
    """Also where the second comes by the hook of a plug-in."""
    suite.write(
        "acme.py",
        "def pytest_llmeval_metrics():\n    import pytest_llmeval\n"
        "    return [pytest_llmeval.metric(name='share')(lambda output: 1)]\n",
    )

    result = suite.run_apart("-p", "acme")

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["*the metric 'share' is declared twice*"])


def test_what_a_hook_returns_is_looked_at(project):
    """A function alone is no metric; said with what to do."""
    project.write("conftest.py", "def pytest_llmeval_metrics():\n    return [len]\n")

    result = project.run_apart()

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["*pytest_llmeval_metrics returned <built-in function len>", "*@pytest_llmeval.metric"])


def test_a_case_level_metric_that_raises_fails_its_test(project):
    """With what it raised, and no other test."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import metric

@metric
def broken(outputs):
    raise KeyError("my own")

@pytest.mark.llmeval(trials=2)
def test_broken():
    broken.check("text")

def test_other():
    assert broken.name == "broken"
""",
    )

    result = project.run()

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["E*KeyError: 'my own'"])


PAGE = (Path(__file__).parents[2] / "docs" / "own-metrics.md").read_text(encoding="utf-8")
ANSWERS = {
    "We go camping with two children.": "Take TE-1001, then LA-3300 and CH-9999.",
    "I walk in the Alps in January.": "Boots BO-4100.",
    "Fever, cough, infiltrate of the left lower lobe. Type 2 diabetes.": "Pneumonia (J18.9), diabetes (E11.9).",
    "Chest pain for an hour, ST elevation in V1 to V4.": "Heartburn, R12.",
}


def files_of(section):
    """The code of a section of the page, by the name in its first line; the cases by their language."""
    (text,) = (part for part in PAGE.split("\n## ") if part.startswith(section))
    blocks = re.findall(r"```(\w+)\n(?:# (\S+)\n)?(.*?)```", text, re.DOTALL)
    return {name or language: code for language, name, code in blocks}


@pytest.fixture
def examples(project):
    """The two complete examples of the page, as one project, and a model that answers their cases."""
    shop, clinic = files_of("Example: do"), files_of("Example: are")
    names = {"customers.jsonl": shop.pop("json"), "reports.jsonl": clinic.pop("json")}
    for name, text in (shop | clinic | names).items():
        project.write(name, text)
    with Loopback(lambda asked: ANSWERS[asked["messages"][-1]["content"]]) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        yield project


def test_the_two_examples_of_the_docs_run_as_they_stand(examples):
    """Conversion by a conftest.py, coded accuracy by a plug-in; the scores as worked out by hand."""
    result = examples.run_apart("-p", "clinical_metrics")

    result.assert_outcomes(passed=2, failed=2)
    scores = {(id_.case, id_.metric): value for (id_, _), value in examples.scores().items()}
    # cough: one code is right, the other of the right category: both shares are 0.75, and so is their harmonic mean.
    assert {
        ("family", "conversion"): pytest.approx(2 / 3),
        ("winter", "conversion"): 1.0,
        ("cough", "coded_accuracy"): 0.75,
        ("chest", "coded_accuracy"): 0.0,
    } == scores
