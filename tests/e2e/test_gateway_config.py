"""``deploy/gateway/config.yaml``: LiteLLM's proxy started with that very file, between a suite and a provider.

Without its database, whose engine comes from no package: virtual keys and what they may spend are not tried here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from pytest_llmeval.loopback import Loopback
from tests.e2e.gateway import KEY, UPSTREAM_KEY, proxy
from tests.e2e.test_litellm_proxy import _has_proxy

pytestmark = [
    pytest.mark.proxy,
    # LiteLLM's own, at its import.
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.skipif(not _has_proxy(), reason="litellm[proxy] is not installed"),
]
DEPLOY = Path(__file__).parents[2] / "deploy"
CONFIG = DEPLOY / "gateway" / "config.yaml"
SERVICE = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())["services"]["gateway"]
SUITE = """
def test_both(llm):
    assert llm("Who answers?", model="openai/support").text
    assert llm("Who grades?", model="openai/judge").text
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """The provider, and the proxy with the environment that compose gives it, less what is its database's."""
    given = {name: value for name, value in SERVICE["environment"].items() if not value.startswith("${")}
    given = {name: value for name, value in given.items() if not name.startswith("DATABASE_")}
    with Loopback() as loopback:
        given |= {"GATEWAY_KEY": KEY, "OPENAI_API_KEY": UPSTREAM_KEY, "OPENAI_BASE_URL": loopback.url}
        with proxy(CONFIG, tmp_path_factory.mktemp("gateway"), **given) as url:
            yield SimpleNamespace(loopback=loopback, url=url)


def _run(servers, folder, key):
    (folder / "test_both.py").write_text(SUITE)
    environment = {**os.environ, "OPENAI_API_KEY": key, "LLMEVAL_API_BASE": servers.url}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--llmeval-cache=live"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def test_a_suite_asks_through_it_and_only_the_gateway_has_the_providers_key(servers, tmp_path):
    """Both names of the file lead to their model, with the provider's key and not the suite's."""
    servers.loopback.requests.clear()
    done = _run(servers, tmp_path, KEY)

    assert 0 == done.returncode, done.stdout
    asked = [
        model["litellm_params"]["model"].partition("/")[2] for model in yaml.safe_load(CONFIG.read_text())["model_list"]
    ]
    assert asked == [received.body["model"] for received in servers.loopback.requests]
    assert [True, True] == [received.has_key for received in servers.loopback.requests]


def test_whoever_has_no_key_is_refused(servers, tmp_path):
    """And the provider hears nothing."""
    servers.loopback.requests.clear()
    assert 0 != _run(servers, tmp_path, "sk-another").returncode
    assert [] == servers.loopback.requests


def test_it_is_healthy_by_the_check_of_the_compose_file(servers):
    """The command of the check, on the port that it has here."""
    _, program, *arguments = SERVICE["healthcheck"]["test"]
    base = servers.url.removesuffix("/v1")
    command = [word.replace("http://127.0.0.1:4000", base) for word in arguments]
    assert "python3" == program
    assert 0 == subprocess.run([sys.executable, *command], check=False).returncode  # noqa: S603


def test_every_limit_of_a_key_is_one_that_litellm_knows():
    """It takes a misspelt one without a word, and the key has no limit."""
    from litellm.proxy._types import GenerateKeyRequest
    from litellm.types.proxy.management_endpoints.ui_sso import LiteLLM_UpperboundKeyGenerateParams

    settings = yaml.safe_load(CONFIG.read_text())["litellm_settings"]
    default, most = settings["default_key_generate_params"], settings["upperbound_key_generate_params"]
    assert set(default) <= set(GenerateKeyRequest.model_fields)
    assert set(most) <= set(LiteLLM_UpperboundKeyGenerateParams.model_fields)
    assert 0 < default["max_budget"] <= most["max_budget"]


def test_the_databases_password_may_hold_anything(monkeypatch):
    """LiteLLM makes its address of the variables that compose gives it, and escapes them."""
    from litellm.proxy.utils import construct_database_url_from_env_vars

    for name, value in SERVICE["environment"].items():
        if name.startswith("DATABASE_"):
            monkeypatch.setenv(name, "p@ss/w:rd" if name == "DATABASE_PASSWORD" else value)
    assert "postgresql://gateway:p%40ss%2Fw%3Ard@postgres/gateway" == construct_database_url_from_env_vars()
