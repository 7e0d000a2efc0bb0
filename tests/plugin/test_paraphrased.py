"""``llmeval dataset perturb``: paraphrases by a model, asked once, read by a person, and then cases as any others."""

import json

import pytest

from pytest_llmeval.loopback import Loopback
from tests.plugin.judging import nonce_of, parts_of

CASES = [
    {"id": "refund", "input": "How do I get a refund within 30 days?", "expected": "by the form", "tags": ["money"]},
    {"id": "lamp", "input": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Is it blue?"}]},
]
WORDS = {
    "How do I get a refund within 30 days?": "What must I do in the first 30 days to have my money back?",
    "Is it blue?": "Does it have a blue colour?",
}


def rewrites(asked):
    """Reply with other words, as the rules want it."""
    text = parts_of(asked)["TEXT"]
    return json.dumps({"nonce": nonce_of(asked), "reason": "other words", "rewritten": WORDS[text]})


@pytest.fixture
def paraphrase(project):
    """Run the command in a project with two cases, whose judge is on loopback."""
    project.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in CASES))
    with Loopback(rewrites) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\n"
            f"llmeval_model = openai/m\nllmeval_api_base = {server.url}\naddopts = -p no:xdist\n",
        )

        def run(*args):
            result = project.pytester.run(
                "llmeval", "dataset", "perturb", "cases.jsonl", "--output", "words.jsonl", *args
            )
            assert "Traceback" not in (text := result.stdout.str() + result.stderr.str()), text
            return result

        run.server, run.written = server, project.path / "words.jsonl"
        yield run


def _rows(paraphrase):
    return [json.loads(line) for line in paraphrase.written.read_text().splitlines()]


def test_a_model_says_a_case_in_other_words_and_the_file_has_both(paraphrase):
    """Id, tags, base and all else; of messages the user's; asked at temperature 0, and once."""
    assert 0 == paraphrase().ret

    refund, lamp = _rows(paraphrase)
    assert {
        "id": "refund~paraphrase",
        "input": WORDS[CASES[0]["input"]],
        "expected": "by the form",
        "tags": ["money", "perturbed", "perturbed/paraphrase"],
        "base_input": CASES[0]["input"],
    } == refund
    assert [CASES[1]["input"][0], {"role": "user", "content": WORDS["Is it blue?"]}] == lamp["input"]
    assert [0, 0] == [request.body["temperature"] for request in paraphrase.server.requests]

    assert 0 != paraphrase().ret  # what is there is not written over
    assert 0 == paraphrase("--force").ret
    assert 2 == len(paraphrase.server.requests)


def test_one_that_changes_a_number_is_refused_and_named(paraphrase, monkeypatch):
    """The others are written."""
    monkeypatch.setitem(WORDS, CASES[0]["input"], "How do I get my money back within 14 days?")

    result = paraphrase()

    assert 0 == result.ret
    result.stdout.fnmatch_lines(
        ["refused, it has not the number '30', it adds the number '14': How do I get a refund within 30 days[?]"]
    )
    assert ["lamp~paraphrase"] == [row["id"] for row in _rows(paraphrase)]


@pytest.mark.parametrize("reply", ["I would rather not.", '{"nonce": "x", "reason": "", "rewritten": "Say it."}'])
def test_without_every_paraphrase_nothing_is_written(paraphrase, reply):
    """A reply that cannot be believed is asked again by the next run; what was answered is not."""
    paraphrase.server.answer(reply)

    result = paraphrase()

    assert 4 == result.ret
    result.stderr.fnmatch_lines(["*1 of 2 texts have no paraphrase*"])
    assert not paraphrase.written.exists()
    assert 0 == paraphrase().ret
    assert 3 == len(paraphrase.server.requests)


def test_another_model_and_another_wording_are_another_question(paraphrase):
    """``--model`` says who; ``@2`` asks for a second wording; offline kinds ask nobody."""
    assert 0 == paraphrase("--kind=paraphrase,paraphrase@2,casing", "--model=openai/other").ret

    asked = [request.body for request in paraphrase.server.requests]
    assert {"other"} == {body["model"] for body in asked}
    assert ["", "", "2", "2"] == sorted(parts_of(body).get("VARIANT", "") for body in asked)
    assert 6 == len(_rows(paraphrase))

    n = len(paraphrase.server.requests)
    assert 0 == paraphrase("--kind=casing", "--force").ret
    assert (n, 2) == (len(paraphrase.server.requests), len(_rows(paraphrase)))


SUITE = """
import pytest
from pytest_llmeval import assert_consistent

@pytest.mark.llmeval(cases="words.jsonl")
def test_same_answer_in_other_words(llm, llm_case):
    assert_consistent([llm(llm_case.input), llm(llm_case["base_input"])])
"""


def test_the_answers_to_both_wordings_are_compared(paraphrase, project):
    """The example of the docs: one that answers a paraphrase otherwise is below the threshold."""
    paraphrase()
    answers = {"How do I get a refund within 30 days?": "By the form in the box.", "Is it blue?": "Yes, it is blue."}
    paraphrase.server.model = lambda asked: answers.get(asked["messages"][-1]["content"], "Yes, it is blue.")
    project.write("test_suite.py", SUITE)

    result = project.run()

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*consistency 0.* is below its threshold 0.50"])
