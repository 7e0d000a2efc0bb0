"""A real LiteLLM proxy between us and the provider: every shape of call keeps its contract through a gateway."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from pytest_llmeval.loopback import Loopback

# The tests are those of both providers; what they ask for (``model``, ``loopback``, ``endpoint``) is given here.
from tests.unit.test_calls_contract import *  # noqa: F403

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(importlib.util.find_spec("fastapi_sso") is None, reason="litellm[proxy] is not installed"),
]
# The proxy (1.108) gives a stream that was cut off an end of its own, so nobody behind it can tell.
del test_a_stream_that_is_cut_off_is_asked_again_and_never_an_answer  # noqa: F821

KEY = "sk-loopback-0123456789"
CONFIG = """
model_list:
  - model_name: "*"
    litellm_params: {{model: "openai/*", api_base: "{url}", api_key: none, max_retries: 0}}
router_settings: {{num_retries: 0}}
litellm_settings: {{num_retries: 0, telemetry: false}}
"""
_STARTS_S = 240


@pytest.fixture(scope="module")
def provider():
    """The provider behind the proxy."""
    with Loopback() as server:
        yield server


@pytest.fixture(scope="module")
def proxy(provider, tmp_path_factory):
    """The address of a proxy that hands every model on to the provider."""
    folder = tmp_path_factory.mktemp("proxy")
    (folder / "config.yaml").write_text(CONFIG.format(url=provider.url))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = shutil.which("litellm", path=str(Path(sys.executable).parent))
    assert command
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(  # noqa: S603 - our own arguments
            [command, "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MASTER_KEY": KEY, "DO_NOT_TRACK": "1"},
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            _wait_for(f"http://127.0.0.1:{port}", process, folder / "log")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def _wait_for(address, process, log):
    """Return when it answers: its imports alone take half a minute."""
    ends_s = time.monotonic() + _STARTS_S
    while True:
        try:
            urllib.request.urlopen(f"{address}/health/liveliness", timeout=5).close()  # noqa: S310 - our own
        except OSError:
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < ends_s, log.read_text()[-2000:]
            time.sleep(0.2)
        else:
            return


@pytest.fixture
def model():
    """Any model: the proxy knows them all, and is spoken to directly."""
    return "openai/m"


@pytest.fixture
def loopback(provider, monkeypatch):
    """The provider behind the proxy, as if it were new."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    provider.requests.clear()
    return provider


@pytest.fixture
def endpoint(proxy):
    """The proxy in the place of the provider."""
    return proxy
