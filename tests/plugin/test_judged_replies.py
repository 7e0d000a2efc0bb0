"""What a judge replies: recorded, replayed and verified, and unscored where it cannot be believed (FAULTS 17, 22)."""

import json

import pytest

from pytest_llmeval.loopback import Loopback, Reply
from tests.plugin.judging import grade, honest, nonce_of, values

ONE = """
from pytest_llmeval import assert_rubric

def test_a():
    assert_rubric("a good one", "It is good.")
"""


def test_a_nonce_is_fresh_in_every_live_call_and_kept_in_the_recording(judged, project):
    """Its place in the recording is a mark, so the key is the same; a replay asks nobody and verifies the echo."""
    _, first = judged(honest, ["a good one"], "--llmeval-cache=refresh")
    _, second = judged(honest, ["a good one"], "--llmeval-cache=refresh")
    nonces = [nonce_of(request.body) for request in (*first, *second)]
    assert 2 == len(set(nonces))

    lines = (project.path / "recordings" / "test_suite.jsonl").read_text().splitlines()
    stored = [json.loads(line) for line in lines]
    # Each server has a port of its own, and so its own key; the messages are the same.
    assert stored[0]["request"]["messages"] == stored[1]["request"]["messages"]
    assert nonces == [one["more"]["nonce"] for one in stored]
    assert nonces[0] not in json.dumps(stored[0]["request"])
    assert "llmeval-mark-" in json.dumps(stored[0]["request"])


@pytest.fixture
def recorded(project):
    """A suite with one recorded grade, its file of recordings, and how to replay it."""
    with Loopback(honest) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\n")
        project.write(
            "test_suite.py",
            ONE,
        )
        assert 0 == project.run("-p", "no:xdist").ret
    return project, project.path / "recordings" / "test_suite.jsonl"


def test_a_replayed_grade_asks_nobody(recorded, way):
    """Neither without a server, nor in workers."""
    project, _ = recorded
    assert 0 == project.run(*way, "--llmeval-cache=replay").ret
    assert [1.0] == values(project)


@pytest.mark.parametrize("field", ["nonce", "text"])
def test_an_edited_recording_is_no_grade(recorded, field):
    """Whether the nonce was changed, or the reply: the line is damaged, and nothing of it is believed."""
    project, recordings = recorded
    line = json.loads(recordings.read_text())
    if field == "nonce":
        line["more"]["nonce"] = "x" * 16
    else:
        line["response"]["text"] = line["response"]["text"].replace(line["more"]["nonce"], "x" * 16)
    recordings.write_text(json.dumps(line) + "\n")
    (project.path / ".llmeval" / "llmeval.db").unlink()

    assert 0 != project.run("--llmeval-cache=replay").ret


REPLIES = [
    Reply(""),
    Reply("I think it is fine."),
    Reply("cut", finish_reason="length"),
    Reply("no", finish_reason="content_filter"),
    Reply("broken", status=400),
    Reply("", body=b"not json"),
    Reply("", body=b'{"choices": []}'),
]


def test_a_judge_that_fails_leaves_its_check_unscored(judged, project):
    """Empty, prose, cut, filtered, an error, no JSON at all: with the reason, and never 0 (FAULTS 17)."""
    replies = iter(REPLIES)
    result, _ = judged(lambda _: next(replies), [f"answer {n}" for n in range(len(REPLIES))])

    assert len(REPLIES) == result.parseoutcomes()["unscored"]
    checks = [one.trials[0].checks[0].score for one in project.session.results]
    assert {None} == {score.value for score in checks}
    assert all(score.reason for score in checks)


@pytest.mark.parametrize("grade_", ["NaN", "Infinity", "6", "true", '"5"', "4.5"])
def test_a_grade_that_is_none_leaves_its_check_unscored(judged, project, grade_):
    """Also with the right nonce."""
    judged(lambda asked: grade(asked, 0).replace('"grade": 0', f'"grade": {grade_}'), ["a good one"])

    assert [None] == values(project)


def test_a_reply_that_nobody_can_believe_is_asked_again(project):
    """By the next run that may ask; a replay leaves it unscored and asks nobody."""
    with Loopback(honest) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\n")
        project.write(
            "test_suite.py",
            ONE,
        )
        server.answer("I would say five.")
        seen = []
        for cache in ("auto", "replay", "auto", "replay"):
            project.run("-p", "no:xdist", f"--llmeval-cache={cache}")
            seen.append((*values(project), len(server.requests)))

    assert [(None, 1), (None, 1), (1.0, 2), (1.0, 2)] == seen
