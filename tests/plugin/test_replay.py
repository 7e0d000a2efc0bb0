"""Replay never calls out, and a miss says what to do."""

import json

SUITE = """
from pytest_llmeval import assert_score

def test_first(llm):
    assert_score("n", len(llm("first question").text) > 0)

def test_second(llm):
    assert_score("n", len(llm("second question").text) > 0)
"""


def _project(project, loopback):
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\n")
    project.write("test_suite.py", SUITE)
    assert 0 == project.run().ret
    (project.path / ".llmeval" / "llmeval.db").unlink()
    return project.path / "recordings" / "test_suite.jsonl"


def test_recordings_alone_are_enough(project, loopback, way):
    """What stands in git replays on a machine that has nothing else, without a call."""
    _project(project, loopback)
    first = project.scores()

    result = project.run(*way, "--llmeval-cache=replay")

    assert 0 == result.ret
    assert first == project.scores()
    assert 2 == len(loopback.requests)
    provenances = {call.provenance for r in project.session.results for t in r.trials for call in t.calls}
    assert {"replayed"} == provenances


def test_a_miss_fails_its_test_with_the_command_that_records_it(project, loopback, way):
    """Exit 1, three lines, the case and the command; no call is made, no other test is hurt."""
    path = _project(project, loopback)
    kept = [line for line in path.read_text().splitlines() if "second question" not in line]
    path.write_text("\n".join(kept) + "\n")

    result = project.run(*way, "--llmeval-cache=replay")

    assert 1 == result.ret
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "E*CacheMiss: no stored response for this request (model 'openai/echo', trial 0, key *",
            "E*looked in: *recordings/test_suite.jsonl (1 response, mode 'replay'); nearest differs in: *",
            "E*to record it: pytest --llmeval-cache=auto *test_suite.py::test_second*",
        ]
    )
    assert 2 == len(loopback.requests)


def test_a_changed_prompt_is_a_miss(project, loopback):
    """A stored answer never stands for another question."""
    _project(project, loopback)
    project.write("test_suite.py", SUITE.replace("first question", "first question, changed"))

    result = project.run("--llmeval-cache=replay")

    result.assert_outcomes(passed=1, failed=1)


def test_in_ci_without_a_key_replay_is_the_default(project, loopback, monkeypatch):
    """CI needs no key, and never waits for a provider it cannot reach."""
    path = _project(project, loopback)
    path.unlink()
    monkeypatch.setenv("CI", "true")

    result = project.run()

    result.assert_outcomes(failed=2)
    assert "replay" == project.session.settings["cache"]
    assert 2 == len(loopback.requests)


def test_refresh_draws_anew_and_keeps_the_old_draw(project, loopback):
    """The newest recording is replayed; the older one stays in the file, because a baseline may name it."""
    path = _project(project, loopback)
    before = [json.loads(line)["origin"] for line in path.read_text().splitlines()]

    assert 0 == project.run("--llmeval-cache=refresh").ret
    assert 0 == project.run("--llmeval-cache=replay").ret

    after = [json.loads(line)["origin"] for line in path.read_text().splitlines()]
    replayed = {call.origin for r in project.session.results for t in r.trials for call in t.calls}
    assert before == after[:2]
    assert set(after[2:]) == replayed
    assert 4 == len(loopback.requests)


def test_refresh_draws_an_equal_request_of_one_session_once(project, loopback):
    """Two tests that ask the same in the same trial stand on one draw, so a replay scores what the session scored."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\n")
    project.write(
        "test_suite.py",
        "import pytest\n\n@pytest.mark.parametrize('n', range(2))\ndef test_same(llm, n):\n    llm('same')\n",
    )

    # One after the other, so that the second could know of the first.
    assert 0 == project.run("-p", "no:xdist", "--llmeval-cache=refresh").ret
    assert 1 == len(loopback.requests)
    assert 0 == project.run("-p", "no:xdist", "--llmeval-cache=refresh").ret
    assert 2 == len(loopback.requests)
    origins = {call.origin for r in project.session.results for t in r.trials for call in t.calls}
    assert 1 == len(origins)


def test_the_first_write_into_git_says_what_is_stored(project, loopback, way):
    """Once a file, also when a worker writes it, and in a later trial's shadow."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\n")
    project.write("test_suite.py", SUITE)

    first = project.run(*way, "--llmeval-trials=3")
    again = project.run(*way, "--llmeval-trials=3")

    lines = [line for line in first.stdout.lines if line.startswith("recording prompts, settings and answers")]
    assert 1 == len(lines)
    assert "recordings/test_suite.jsonl" in lines[0]
    assert "recording prompts" not in again.stdout.str()
