"""The providers' own SDKs, and litellm, as applications use them: the same contract as for plain httpx."""

import pytest

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
