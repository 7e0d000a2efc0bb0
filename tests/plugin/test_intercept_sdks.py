"""The providers' own SDKs, and litellm, as applications use them: the same contract as for plain httpx."""

import pytest

from pytest_llmeval.loopback import Reply
from tests.plugin.conversations import ANTHROPIC, LITELLM, OPENAI
from tests.plugin.intercepted import holds

pytestmark = pytest.mark.sdks


@pytest.mark.parametrize("way", OPENAI)
def test_openai(project, loopback, monkeypatch, way):
    """Chat completions, responses and embeddings; over aiohttp too."""
    holds(project, loopback, monkeypatch, OPENAI[way])


@pytest.mark.parametrize("way", ANTHROPIC)
def test_anthropic(project, loopback, monkeypatch, way):
    """Messages."""
    holds(project, loopback, monkeypatch, ANTHROPIC[way])


@pytest.mark.parametrize("way", LITELLM)
def test_litellm(project, loopback, monkeypatch, way):
    """Over OpenAI's client, and over litellm's own, which uses aiohttp when it is awaited."""
    holds(project, loopback, monkeypatch, LITELLM[way])


def test_what_llm_asks_through_litellm_is_asked_once(project, loopback):
    """Litellm's clients are those of applications; a call of ours through them is no call of theirs."""
    ini = f"llmeval_model = litellm/openai/m\nllmeval_api_base = {loopback.url}\nllmeval_intercept = true"
    project.write("pytest.ini", f"[pytest]\n{ini}\n")
    project.write("test_llm.py", "def test_llm(llm):\n    assert 'q' == llm('q').text\n")

    project.run_apart().assert_outcomes(passed=1)

    assert 1 == len(project.session.results[0].trials[0].calls)
    assert 1 == len((project.path / "recordings" / "test_llm.jsonl").read_text().splitlines())


@pytest.mark.parametrize(("status", "outcome"), [(503, "unscored"), (400, "failed")])
def test_an_outage_is_found_in_what_a_client_makes_of_it(project, loopback, status, outcome):
    """OpenAI's and litellm's own errors say whose fault it was; each call is tried as often as its client likes."""
    loopback.answer(*[Reply("down", status=status)] * 12)
    project.write("pytest.ini", f"[pytest]\nllmeval_intercept = true\nllmeval_intercept_hosts = {loopback.url}\n")
    project.write(
        "test_app.py",
        f"""
import os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
import openai

ASKED = dict(model="m", messages=[dict(role="user", content="q")])

def test_openai():
    openai.OpenAI(api_key="k", base_url={loopback.url!r}, max_retries=0).chat.completions.create(**ASKED)

def test_litellm():
    litellm.completion(**ASKED | dict(model="openai/m"), api_base={loopback.url!r}, api_key="k", max_retries=0)
""",
    )

    project.run_apart()

    assert [outcome] * 2 == [case.outcome for case in project.session.results]


def test_a_miss_is_not_tried_again_and_not_taken_for_a_lost_connection(project, loopback):
    """OpenAI's SDK tries again after a pause, and wraps every ``Exception`` in one of its own."""
    project.write("pytest.ini", f"[pytest]\nllmeval_intercept = true\nllmeval_intercept_hosts = {loopback.url}\n")
    ask = "chat.completions.create(model='m', messages=[dict(role='user', content='q')])"
    client = f"openai.OpenAI(api_key='k', base_url={loopback.url!r})"
    project.write("test_app.py", f"import openai\n\ndef test_app():\n    {client}.{ask}\n")

    result = project.run_apart("--llmeval-cache=replay")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["test_app.py:4: CacheMiss"])
    result.stdout.no_fnmatch_line("*APIConnectionError*")
    assert [] == loopback.requests
