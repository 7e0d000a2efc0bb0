"""``llmeval label next`` and ``ls``: people say what they think of stored answers, and it is a label at once."""

import json

import pytest

from pytest_llmeval.datasets import labels
from pytest_llmeval.loopback import Loopback
from tests.plugin.judging import grade, parts_of

CASES = [
    {"id": "eu", "input": "Is it refunded?", "expected": "within 30 days", "context": "Refunds take 30 days."},
    {"id": "us", "input": "Is it free?", "expected": "yes"},
    {"id": "uk", "input": "Is it \u001b[31mred?"},
]
SUITE = """
import pytest
from pytest_llmeval import assert_relevance, assert_rubric

@pytest.mark.llmeval(cases="cases.jsonl")
def test_support(llm, llm_case):
    answer = llm(llm_case.input, system="Be brief.")
    assert_relevance(answer, how="judge", threshold=0.6)
    assert_rubric(answer, "It is kind.", metric="kindness", threshold=0.6)
"""


def model(asked):
    """Answer about the question, or grade: 4 what is about refunds, 2 what is not; 3 for kindness."""
    messages = asked["messages"]
    if "NONCE" not in messages[0]["content"].upper():
        return f"About that: {messages[-1]['content']}"
    if "It is kind." in messages[0]["content"]:
        return grade(asked, 3)
    return grade(asked, 4 if "refunded" in parts_of(asked)["ANSWER"] else 2)


@pytest.fixture
def suite(project):
    """A project with a session of three answers, each judged twice."""
    with Loopback(model) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\nllmeval_judge = openai/j\n"
            f"llmeval_judge_api_base = {server.url}\naddopts = -p no:xdist\n",
        )
        project.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in CASES))
        project.write("test_suite.py", SUITE)
        project.run("test_suite.py")
        yield project


def _label(project, said, *arguments):
    """Run ``label next`` with what a person types."""
    result = project.pytester.run("llmeval", "label", "next", "--who", "anna", *arguments, stdin=said.encode())
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert 0 == result.ret
    return result


def _written(project):
    return [label for _, label in labels.read(project.path / "labels.jsonl", "labels.jsonl")]


def test_an_answer_is_shown_whole_and_its_score_only_after_it_is_labelled(suite):
    """Request, reference, source and answer first; score, threshold and reason last; the label has them all."""
    result = _label(suite, "good\nit says so\n", "--metric", "relevance", "--by", "threshold")

    text = result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "3 of 3 answers to label, threshold, by anna",
            "1 of 3",
            "by relevance",
            "*::test_support[[]eu], trial 1",
            "system:",
            "    Be brief.",
            "user:",
            "    Is it refunded[?]",
            "reference:",
            "    within 30 days",
            "source:",
            "    Refunds take 30 days.",
            "ANSWER:",
            "    About that: Is it refunded[?]",
            "good, bad, a number from 0 to 1, skip or quit*",
            "the score is 0.75, threshold 0.6: because",
            "picked because the score 0.75 is 0.15 from its threshold",
            "1 label written to labels.jsonl",
        ]
    )
    assert text.index("the score") > text.index("why?")
    assert "\x1b" not in text
    (label,) = _written(suite)
    assert ("relevance", 1.0, "anna", "it says so", "threshold", "Is it refunded?", "within 30 days") == (
        label.metric,
        label.value,
        label.who,
        label.why,
        label.picked,
        label.input,
        label.expected,
    )
    (answer,) = [result for result in suite.session.results if result.id.case == "eu"]
    assert answer.trials[0].calls[0].origin == label.judged.origin
    assert (suite.session.id, *answer.id, 0) == (
        label.judged.session,
        label.judged.test,
        label.judged.case,
        label.judged.trial,
    )


def test_what_is_labelled_does_not_come_again_and_skipping_labels_nothing(suite):
    """Not in a later session either that replays the answer; a word that means nothing is asked again."""
    _label(suite, "perhaps\nb\n\nskip\n0.8\n\n", "--metric", "relevance", "--by", "threshold")
    assert [0.0, 0.8] == [label.value for label in _written(suite)]
    suite.run("test_suite.py")

    again = _label(suite, "quit\n", "--metric", "relevance", "--by", "threshold", "--last", "9")

    again.stdout.fnmatch_lines(["1 of * answers to label*", "0 labels written to labels.jsonl"])


def test_a_criterion_of_ones_own_is_shown_and_kept(suite):
    """``judge check`` reads it from the label."""
    _label(suite, "g\n\n", "--metric", "kindness", "--by", "random").stdout.fnmatch_lines(["by kindness: It is kind."])

    assert ("kindness", "It is kind.", "random") == ((label := _written(suite)[0]).metric, label.rubric, label.picked)


def test_labels_of_a_session_measure_the_judge_that_graded_it(suite):
    """The whole loop: label at the terminal, check; the judge's grades come from the cache."""
    _label(suite, "good\n\ngood\n\nbad\n\n", "--metric", "relevance", "--by", "random")

    result = suite.pytester.run("llmeval", "judge", "check", "labels.jsonl", "--how", "judge")

    assert 0 == result.ret
    result.stdout.fnmatch_lines(
        ["3 labelled answers, 3 scored: 2 good, 1 bad", "stored in calibration/relevance.jsonl*"]
    )


def test_where_a_person_contradicts_the_score_another_one_is_asked_first(suite):
    """By disagreement: the judge passes it, anna does not."""
    _label(suite, "bad\n\n", "--metric", "relevance", "--by", "threshold")

    result = _label(suite, "good\n\n", "--who", "ben", "--metric", "relevance")

    result.stdout.fnmatch_lines(["1 of 3 answers to label, disagreement, by ben"])
    result.stdout.fnmatch_lines(["picked because anna says 0, the score is 0.75"])
    listed = suite.pytester.run("llmeval", "label", "ls")
    listed.stdout.fnmatch_lines(
        [
            "relevance *anna *1 *0 *1 *1 threshold *20*",
            "relevance *ben *1 *1 *0 *1 disagreement *20*",
            "relevance *anna and ben *1 *0.00 *",
        ]
    )


def test_without_labels_or_answers_it_says_what_to_do(suite):
    """An empty file, no answer at all, and none of which anybody disagrees."""
    suite.pytester.run("llmeval", "label", "ls").stdout.fnmatch_lines(["labels.jsonl has no labels; *label next"])
    result = _label(suite, "", "--metric", "unheard")
    result.stdout.fnmatch_lines(["0 of 0 answers to label*", "no answer is there that a person could label; *"])
    agreed = _label(suite, "", "--metric", "kindness")
    agreed.stdout.fnmatch_lines(["0 of 3 answers to label*", "nobody disagrees; a random sample: --by random"])


@pytest.mark.parametrize(
    ("errors", "status", "whys"), [("strict", 4, []), ("surrogateescape", 0, ["", "?"])], ids=["strict", "lenient"]
)
def test_what_is_no_text_is_refused_or_replaced(suite, monkeypatch, errors, status, whys):
    """Bytes of another encoding in a pipe, as locales treat them: three lines or a question mark, no traceback."""
    monkeypatch.setenv("PYTHONIOENCODING", f"utf-8:{errors}")
    typed = b"good\n\nbad\n\xe9\n"

    result = suite.pytester.run("llmeval", "label", "next", "--who", "anna", "--by", "random", stdin=typed)

    written = _written(suite) if (suite.path / "labels.jsonl").exists() else []
    assert (status, whys) == (result.ret, [label.why for label in written])
    assert "Traceback" not in result.stderr.str()
