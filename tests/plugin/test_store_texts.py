"""``llmeval_store_texts=false``: no word of prompt or answer on disk, and scores as ever."""

import pytest

from pytest_llmeval.loopback import Loopback, Reply

SUITE = """
from pytest_llmeval import assert_relevance, assert_score

async def graded(output, judge):
    return float(len((await judge.acall("grade canary " + output)).text) > 0)

def test_mail(llm):
    answer = llm("canary question", system="canary system", stop=["canary"], seed=3)
    assert "canary" in answer.text
    assert_relevance(answer, threshold=0.1)
    assert_score("graded", graded, output=answer)
    assert_score("low", 0.1, threshold=None)

def test_raises(llm):
    raise RuntimeError(llm("canary again").text)
"""


@pytest.fixture
def silent(project, monkeypatch):
    """A project in which no text may be stored."""
    with Loopback(lambda body: Reply(f"canary answer to {body['messages'][-1]['content']}")) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\nllmeval_judge = openai/j\n"
            f"llmeval_judge_api_base = {server.url}\nllmeval_store_texts = false\n",
        )
        project.write("test_suite.py", SUITE)
        yield project


def test_no_word_is_written_and_the_scores_are_there(silent, way):
    """Neither recordings nor cache, and in the session digests; numbers stay."""
    result = silent.run(*way)

    result.assert_outcomes(passed=1, failed=1)
    files = [path for path in silent.path.rglob("*") if path.is_file() and path.parent.name in (".llmeval", "sessions")]
    assert {"session.jsonl"} <= {path.name for path in files}
    assert [] == [path.name for path in files if b"canary" in path.read_bytes()]
    assert not (silent.path / "recordings").exists()
    assert not (silent.path / ".llmeval" / "llmeval.db").exists()
    call = silent.session.results[0].trials[0].calls[0]
    assert call.text.startswith("sha256:")
    assert 3 == call.request.settings["seed"]
    assert ["user", "system"] == sorted((message["role"] for message in call.request.messages), reverse=True)
    assert {1.0, 0.1} <= set(silent.scores().values())
    assert "RuntimeError" == silent.session.results[1].trials[0].error


def test_what_needs_stored_answers_is_refused_at_the_start(silent):
    """Replay, auto and refresh; before anything is asked."""
    for mode in ("auto", "replay", "refresh"):
        result = silent.run(f"--llmeval-cache={mode}")
        assert 4 == result.ret
        assert "with llmeval_store_texts=false no answer is stored" in result.stderr.str()
