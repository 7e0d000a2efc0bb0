"""Correctness, forms, limits, tools, retrieval, conversations: what fails its test, and what a wrong call is told."""

import json

from pytest_llmeval.loopback import Loopback, Reply
from tests.plugin.judging import nonce_of, parts_of

HARD = """
import pytest
import pytest_llmeval as le

CALLS = [{"name": "search", "arguments": {"q": "refund"}}, {"name": "answer"}]

CHECKS = {
    "schema": lambda: le.assert_matches_schema("{}", {"required": ["total"]}),
    "pattern": lambda: le.assert_matches("no number", r"\\\\d"),
    "length": lambda: le.assert_length("one two three", most=2),
    "trajectory": lambda: le.assert_tools(CALLS, ["answer", "search"]),
    "soft": lambda: le.assert_correct("Rome", "Paris"),
    "found": lambda: le.assert_retrieves(["a"], ["b"]),
}

@pytest.mark.parametrize("name", CHECKS)
def test_check(name):
    CHECKS[name]()
"""


def test_hard_checks_fail_whatever_the_baseline_says(project):
    """A form, a tool, a limit; the others are left to the gate."""
    project.write("test_suite.py", HARD)
    project.run("--llmeval-baseline-update").assert_outcomes(passed=2, failed=4)

    result = project.run("--llmeval-gate=pr")

    result.assert_outcomes(passed=2, failed=4)
    result.stdout.fnmatch_lines_random(
        [
            "E*schema 0.00 is below its threshold 1.00",
            "E*reason: $: 'total' is a required property",
            "E*reason: nothing matches*",
            "E*reason: 3 words; 0 to 2 are allowed",
            'E*reason: not made in this order: search; search("q":"refund") → answer()',
        ]
    )


def test_an_answer_is_checked_against_its_case(project):
    """``expected`` is the case's; text, a list of which any is right, a number."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_correct

CASES = [
    {"id": "text", "input": "Paris.", "expected": "paris"},
    {"id": "any", "input": "12", "expected": ["twelve", "12"]},
    {"id": "number", "input": "It is 12", "expected": 12.1},
]

@pytest.mark.llmeval(cases=CASES)
def test_case(llm_case):
    how = "numeric" if llm_case.id == "number" else "normalised"
    check = assert_correct(llm_case.input, how=how, tolerance=0.01)
    assert check.value == 1.0
""",
    )

    project.run().assert_outcomes(passed=3)


def test_limits_are_of_the_answers_call_or_of_all_calls(project, loopback):
    """Of a Response its own; of a text of the application what the trial has called; twice too much is 0.5."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n")
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import UsageError, assert_within

def test_within(llm):
    answer = llm("one two three four")
    assert_within(answer, output_tokens=4, latency_s=60)
    assert assert_within(answer, latency_s=60, cost_usd=1).value is None
    llm("five six")
    assert_within("my own text", output_tokens=6)
    with pytest.raises(UsageError, match="no limit"):
        assert_within(answer)

def test_beyond(llm):
    assert_within(llm("one two three four"), output_tokens=2)
""",
    )

    result = project.run("-p", "no:xdist")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*within 0.50 is below*", "E*reason: output_tokens 4 of 2"])


def test_the_calls_of_tools_in_a_response_are_checked(project):
    """Live and replayed; an answer of calls only is no empty answer; arguments that are no JSON fit nothing."""
    replies = {
        "good": Reply(None, tool_calls=[("search", {"q": "refund"}), ("order", {"n": 3})]),
        "bad": Reply(None, tool_calls=[("order", "{n")]),
    }
    with Loopback(lambda asked: replies[asked["messages"][-1]["content"]]) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        project.write(
            "test_suite.py",
            """
import pytest
from pytest_llmeval import assert_tools

@pytest.mark.parametrize("question", ["good", "bad"])
def test_tools(llm, question):
    assert_tools(llm(question), ["search", {"name": "order", "arguments": {"n": lambda n: n > 2}}])
""",
        )
        for cache in ("auto", "replay"):
            project.run("-p", "no:xdist", f"--llmeval-cache={cache}").assert_outcomes(passed=1, failed=1)
            assert [0.0, 1.0] == sorted(project.scores().values())


def test_conversations_are_graded_as_a_whole(project):
    """The system's messages are not shown; what the user wants is."""
    seen = []

    def judge(asked):
        seen.append(parts_of(asked))
        return json.dumps({"nonce": nonce_of(asked), "reason": "so", "grade": 5})

    with Loopback(judge) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\n")
        project.write(
            "test_suite.py",
            """
from pytest_llmeval import assert_goal_reached, assert_remembers

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "I am Ada. Book a table."},
    {"role": "assistant", "content": "Done, Ada."},
]

def test_conversation():
    assert_goal_reached(MESSAGES, "a table is booked")
    assert_remembers(MESSAGES)
""",
        )
        assert 0 == project.run("-p", "no:xdist").ret

    told = '{"role": "user", "content": "I am Ada. Book a table."}\n{"role": "assistant", "content": "Done, Ada."}'
    # The two are in flight together: either may arrive first.
    assert [{"GOAL": "a table is booked", "CONVERSATION": told}, {"CONVERSATION": told}] == sorted(seen, key=len)[::-1]
    assert {"goal_reached", "memory"} == {summary.metric for summary in project.session.summaries}


def test_a_wrong_call_is_told_what_it_takes(project):
    """Three lines, where the check stands."""
    project.write(
        "test_suite.py",
        """
import pytest
import pytest_llmeval as le

WRONG = {
    "does not know the reference": lambda: le.assert_correct("a"),
    "how='guess' is not allowed": lambda: le.assert_correct("a", "b", how="guess"),
    "cannot be compared with how='numeric'": lambda: le.assert_correct("a", "b", how="numeric"),
    "cannot be compared with how='normalised'": lambda: le.assert_correct("a", {"b": 1}),
    "tolerance=-1": lambda: le.assert_correct("1", 1, how="numeric", tolerance=-1),
    "no JSON Schema": lambda: le.assert_matches_schema("{}", {"type": 12}),
    "got <object object": lambda: le.assert_matches_schema("{}", object()),
    "assert_matches got '\\\\('": lambda: le.assert_matches("a", "("),
    "assert_length cannot be": lambda: le.assert_length("a"),
    "limit below 0": lambda: le.assert_within("a", latency_s=-1),
    "order='some'": lambda: le.assert_tools([], [], order="some"),
    "cannot read the call": lambda: le.assert_tools([{"tool": "a"}], []),
    "how='best'": lambda: le.assert_retrieves([], [], how="best"),
    "does not know 'german'": lambda: le.assert_language("a", "german"),
    "cannot read the message": lambda: le.assert_remembers([{"content": "a"}]),
}

@pytest.mark.parametrize("match", WRONG)
def test_wrong(match):
    with pytest.raises(le.UsageError, match=match) as caught:
        WRONG[match]()
    assert caught.value.hint
""",
    )

    project.run().assert_outcomes(passed=15)
