"""The litellm provider: which versions are refused before import, and one real round trip in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_llmeval
from pytest_llmeval.calls.providers.litellm import check_version
from pytest_llmeval.errors import UsageError
from pytest_llmeval.loopback import Loopback, Reply

ROUND_TRIP = """
import json, sys
from pytest_llmeval.calls import retries
from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.client import Client
from pytest_llmeval.calls.engine import Engine
from pytest_llmeval.errors import ProviderError

retries.FIRST_PAUSE_S = 0.0
engine = Engine(None, Mode.LIVE)
llm = Client(ask=engine.ask, model="litellm/openai/a", api_base=sys.argv[1], trial=0, on_response=lambda r: None)
answer = llm("Hi there", temperature=0.5)
found = {"text": answer.text, "n_input_tokens": answer.n_input_tokens, "model": answer.model}
for name in ("401", "500", "drip"):
    loop_timeout = {"drip": 1.0}.get(name)
    if loop_timeout:
        engine.close()
        engine = Engine(None, Mode.LIVE, timeout_s=loop_timeout)
        llm = Client(ask=engine.ask, model="litellm/openai/a", api_base=sys.argv[1], trial=0,
                     on_response=lambda r: None)
    try:
        llm(name)
    except ProviderError as error:
        found[name] = str(error)
engine.close()
print(json.dumps(found))
"""


def misbehave(body):
    """Fail as the question says."""
    question = body["messages"][-1]["content"]
    if question.isdigit():
        return Reply("sk-canary-0123456789abcdef is wrong", status=int(question))
    return Reply(question, drip_s=0.1 if question == "drip" else 0.0)


@pytest.mark.skipif(importlib.util.find_spec("litellm") is None, reason="the litellm extra is not installed")
def test_litellm_answers_fails_and_stays_silent(tmp_path):
    """One import, five promises: the answer, its errors by status, three attempts, the timeout, no key and no print."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(pytest_llmeval.__file__).parents[1]),
        "OPENAI_API_KEY": "sk-canary-0123456789abcdef",
    }
    with Loopback(misbehave) as loopback:
        done = subprocess.run(  # noqa: S603  (our own script)
            [sys.executable, "-c", ROUND_TRIP, loopback.url],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)  # and nothing else was printed
    assert (found["text"], found["n_input_tokens"], found["model"]) == ("Hi there", 2, "a")
    assert "HTTP 401 (AuthenticationError) (model 'litellm/openai/a', 1 attempt)" in found["401"]
    assert "HTTP 500 (InternalServerError) (model 'litellm/openai/a', 3 attempts)" in found["500"]
    assert "no whole reply within 1 s (model 'litellm/openai/a', 1 attempt)" in found["drip"]
    assert "canary" not in done.stdout
    asked = [received.body["messages"][-1]["content"] for received in loopback.requests]
    assert asked == ["Hi there", "401", "500", "500", "500", "drip"]


@pytest.mark.parametrize("version", ["1.82.7", "1.82.8", "1.83.6", "1.0", "2.0.0", "2.0.0rc1"])
def test_a_version_that_must_not_be_imported_is_refused_by_its_metadata(tmp_path, monkeypatch, version):
    """Two releases were malicious (FAULTS 28); importing one to ask its version would have been too late."""
    metadata = tmp_path / f"litellm-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: litellm\nVersion: {version}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "litellm", raising=False)  # other tests of this process may have asked through it
    with pytest.raises(UsageError, match=f"litellm {version} is refused"):
        check_version()
    assert "litellm" not in sys.modules


@pytest.mark.parametrize("version", ["1.83.7", "1.106.2"])
def test_a_supported_version_is_let_in(tmp_path, monkeypatch, version):
    """The floor itself and what came later."""
    metadata = tmp_path / f"litellm-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: litellm\nVersion: {version}\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert check_version() is None


def test_a_missing_litellm_gives_the_command_that_installs_it(tmp_path, monkeypatch):
    """One line to copy."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(UsageError) as caught:
        check_version()
    assert caught.value.hint == "pip install 'pytest-llmeval[litellm]'"
