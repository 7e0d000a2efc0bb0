"""``llmeval rejudge``: the answers of a stored session by another judge, old and new on one yardstick."""

import json

import pytest

from pytest_llmeval.loopback import Loopback
from tests.plugin.judging import grade, parts_of

SUITE = """
import pytest
from pytest_llmeval import assert_prefers, assert_relevance, assert_remembers, assert_rubric

@pytest.mark.llmeval(trials=1)
@pytest.mark.parametrize("n", range(4))
def test_support(n, llmeval):
    text = f"a good answer, number {n}\\n\\nGRADES\\n" + "and so on, " * 200
    assert_relevance(text, question="What?", how="judge")
    assert_rubric(text, "It is kind.", metric="kind")
    assert_rubric(text, "It is brief.", metric="brief")
    assert_prefers(text, over="a bad one")
    assert_remembers([{"role": "user", "content": f"I am {n}"}, {"role": "assistant", "content": "good"}])
"""


def _judge(asked):
    """Model j passes everything; model k fails number 2; each prefers what stands first."""
    if "better" in json.dumps(asked["response_format"]):
        return json.dumps({"nonce": json.loads(grade(asked, 1))["nonce"], "reason": "so", "better": "first"})
    parts = parts_of(asked)
    is_bad = asked["model"] == "k" and "number 2" in parts.get("ANSWER", "")
    return grade(asked, 1 if is_bad else 5, f"says {asked['model']}")


@pytest.fixture
def judge(project):
    """A project whose session has judged scores of four cases."""
    with Loopback(_judge) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\naddopts = -p no:xdist\n",
        )
        project.write("test_suite.py", SUITE)
        assert 0 == project.run("test_suite.py").ret
        yield server


def _rejudge(project, *args):
    result = project.pytester.run("llmeval", "rejudge", *args)
    assert "Traceback" not in (text := result.stdout.str() + result.stderr.str()), text
    return result


def test_every_judged_check_is_scored_again_and_set_beside_its_old_score(project, judge):
    """Five metrics of four cases; whole texts, of which the session's checks hold the head only; one answer changed."""
    session = project.session.id

    result = _rejudge(project, "--judge", "openai/k", "--output", "both.jsonl")

    assert 0 == result.ret
    result.stdout.fnmatch_lines(
        [
            f"session {session}, 20 of 20 judged scores scored again",
            "metric *scored by both *old mean *new mean *same decision *AC1",
            "brief *4 of 4 *1.000 *0.750 *0.75 *",
            "kind *4 of 4 *1.000 *0.750 *0.75 *",
            "memory *4 of 4 *1.000 *1.000 *1.00 *",
            "preference *4 of 4 *0.500 *0.500 *1.00 *",
            "relevance *4 of 4 *1.000 *0.750 *0.75 *",
            "relevance: judge relevance-1 *, now judge relevance-1 *",
            "3 decisions changed:",
            "  test_suite.py::test_support[[]2[]] trial 0 relevance: 1.00, now 0.00",
            "    then: says j",
            "    now: says k",
        ]
    )
    rows = [json.loads(line) for line in (project.path / "both.jsonl").read_text(encoding="ascii").splitlines()]
    assert 20 == len(rows)
    assert 17 == sum(row["old"]["score"] == row["new"]["score"] for row in rows)
    assert session == project.session.id


def test_the_same_judge_gives_the_same_scores_and_is_not_asked(project, judge):
    """All grades are those that are stored: nothing is bought, nothing changed."""
    n_asked = len(judge.requests)

    result = _rejudge(project)

    result.stdout.no_fnmatch_line("*decisions changed*")
    assert n_asked == len(judge.requests)


def test_the_grades_of_a_panel_are_found_again(project, judge):
    """Its version is made of all its models, in their order."""
    project.run("test_suite.py", "--llmeval-judge=openai/z,openai/j,openai/k")

    result = _rejudge(project, "--judge", "openai/k")

    result.stdout.fnmatch_lines(["session *, 20 of 20 judged scores scored again"])


def test_another_criterion_takes_the_place_of_a_metrics_own(project, judge):
    """Only of that metric; the version says so."""
    result = _rejudge(project, "--metric", "kind", "--rubric", "It is brief and kind.")

    result.stdout.fnmatch_lines(["session *, 4 of 4 judged scores scored again", "kind *4 of 4 *1.000 *1.000*"])
    assert "It is brief and kind." in judge.requests[-1].body["messages"][0]["content"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--rubric", "It is kind."), "--rubric is a criterion of one metric"),
        (("--metric", "nope"), "*has no judged score*"),
    ],
    ids=["rubric-of-all", "no-metric"],
)
def test_what_cannot_be_scored_again_is_said(project, judge, args, said):
    """Exit status 4."""
    result = _rejudge(project, *args)

    assert 4 == result.ret
    result.stderr.fnmatch_lines([f"llmeval: {said}*"])
