"""``llmeval cache refresh``: asked again into a draft, what drifted is said, nothing changes before it is accepted."""

import json

import pytest

from pytest_llmeval.loopback import Loopback, Reply
from pytest_llmeval.store import holdings

N = 12
SUITE = f"""
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("n", range({N}))
def test_support(llm, n):
    answer = llm(f"question {{n}}", system="Be kind.")
    assert_score("polite", float("please" in answer.text), threshold=0.5)
    assert_score("short", 1.0, threshold=0.5)
"""


class Model(Loopback):
    """A provider whose model can be replaced under its name."""

    def __init__(self):
        super().__init__(self._say)
        self.manner = "Yes, please"
        self.build = "fp_1"

    def _say(self, body):
        text = f"{self.manner}: within 14 days, about {body['messages'][-1]['content']}."
        reply = {
            "model": "m",
            "system_fingerprint": self.build,
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 9},
        }
        return Reply(body=json.dumps(reply).encode())


@pytest.fixture
def model(project):
    """The provider, and a project with recordings of its first model."""
    with Model() as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        project.write("test_suite.py", SUITE)
        assert 0 == project.run().ret
        yield server


def _refresh(project, *args):
    result = project.pytester.run("llmeval", "cache", "refresh", *args)
    assert "Traceback" not in (text := result.stdout.str() + result.stderr.str()), text
    return result


def _stored(project):
    """What stands in recordings and working cache, by file."""
    paths = [project.path / "recordings" / "test_suite.jsonl", project.path / ".llmeval" / "llmeval.db"]
    read = [holdings.of_recordings(paths[0]), holdings.of_working_cache(paths[1])]
    return [sorted((one.response.key, one.response.text) for one in held.stored) for held in read]


def test_a_model_that_changed_is_found_and_nothing_is_stored_before_it_is_accepted(project, model):
    """Scores by the gate's own test, the fingerprint, the words; exit status 1; old recordings replay as before."""
    before = _stored(project)
    model.manner, model.build = "No", "fp_2"

    result = _refresh(project, "--drift")

    assert 1 == result.ret
    result.stdout.fnmatch_lines(
        [
            "changed  session  test_suite.py::test_support*0* polite  1.000 (1)  0.000 (1)  -1.000*",
            f"scores: {N} of {2 * N} lines moved",
            "REGRESSED *polite*",
            "openai/m: answered by m fp_1 then, by m fp_2 now",
            f"answers: {N} of {N} answers changed",
            "    [[]-Yes, please:-] {+No:+} within 14 days, about ...",
            "  7 more (--all prints them)",
        ]
    )
    assert before == _stored(project)
    assert 0 == project.run("--llmeval-cache=replay").ret
    assert 2 * N == len(model.requests)


def test_a_model_that_did_not_change_shows_no_drift(project, model):
    """Exit status 0; each request was asked once more."""
    result = _refresh(project, "--drift")

    assert 0 == result.ret
    result.stdout.fnmatch_lines(["scores: 0 of *", "*answered by m fp_1, as before", f"answers: 0 of {N} *"])
    assert 2 * N == len(model.requests)


def test_what_is_accepted_is_replayed_and_the_old_lines_stay(project, model):
    """In recordings and working cache; the draft is gone, and a second one can be drawn."""
    old = _stored(project)[0]
    model.manner = "No"
    _refresh(project, "--drift")

    assert "a draft stands in .llmeval/drift, and was paid for" in _refresh(project, "--drift").stderr.str()
    assert 2 * N == len(model.requests)
    result = _refresh(project, "--accept")

    assert 0 == result.ret
    result.stdout.fnmatch_lines([f"{N} new answers in recordings and working cache, replayed from now on*"])
    recorded, working = _stored(project)
    assert set(old) < set(recorded)
    assert N == len(working) == len(recorded) - N
    assert 1 == project.run("--llmeval-cache=replay").ret  # "please" is gone
    assert not (project.path / ".llmeval" / "drift").exists()
    assert 4 == _refresh(project, "--accept").ret


def test_a_draft_that_was_broken_off_is_continued_and_not_bought_again(project, model):
    """-x stops it after the first test that fails; the next one asks for the rest only."""
    model.manner = "No"
    first = _refresh(project, "--drift", "--", "-x", "-p", "no:xdist", "-o", "llmeval_concurrency=1")
    n_bought = len(model.requests) - N
    assert 4 == _refresh(project, "--accept").ret
    _refresh(project, "--drift")

    assert first.ret in (0, 1)
    assert 0 < n_bought
    assert 2 * N == len(model.requests)
    assert 0 == _refresh(project, "--discard").ret
    assert not (project.path / ".llmeval" / "drift").exists()


def test_neither_run_reaches_a_report_that_the_project_asks_for(project, model):
    """A metrics file keeps the last session of the project's own."""
    ini = (project.path / "pytest.ini").read_text()
    project.write("pytest.ini", f"{ini}llmeval_report = prom:own.prom\nllmeval_gate = pr\n")

    assert 0 == _refresh(project, "--drift").ret
    assert not (project.path / "own.prom").exists()


def test_what_is_not_recorded_is_named_and_not_compared(project, model):
    """A new test has nothing to drift from."""
    project.write("test_new.py", "from pytest_llmeval import assert_score\n\ndef test_new(llm):\n    llm('new').text\n")

    result = _refresh(project, "--drift")

    result.stdout.fnmatch_lines(["not compared: 1 test asked what is not stored: test_new.py::test_new"])
