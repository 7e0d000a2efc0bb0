"""Whose address is a model's, and what of it is in the key."""

import pytest

from pytest_llmeval.intercept.endpoints import Endpoints


def found(url, *hosts, method="POST", environ=None):
    """Kind, provider and api_base of an address; None where it is left alone."""
    endpoint = Endpoints(hosts).find(method, url, environ or {})
    return endpoint and (endpoint.kind, endpoint.provider, endpoint.api_base)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1/chat/completions", ("", "openai", "")),
        ("https://api.openai.com/v1/responses", ("responses", "openai", "")),
        ("https://api.openai.com/v1/completions", ("completions", "openai", "")),
        ("https://api.openai.com/v1/embeddings/", ("embeddings", "openai", "")),
        ("https://api.anthropic.com/v1/messages?beta=true", ("messages", "anthropic", "")),
        ("https://api.groq.com/openai/v1/chat/completions", ("", "groq", "")),
        ("https://api.groq.com/other/chat/completions", ("", "groq", "https://api.groq.com/other")),
        ("https://api.deepseek.com/chat/completions", ("", "deepseek", "")),
        ("https://api.openai.com/v1/images/generations", (None, "", "")),
        ("https://example.com/v1/chat/completions", None),
        ("https://api.openai.com.evil.example/v1/chat/completions", None),
    ],
)
def test_the_providers_own_hosts_are_known(url, expected):
    """Their own endpoint is not in the key, as for ``llm``; another path of theirs is."""
    assert expected == found(url)


@pytest.mark.parametrize("host", ["gate.example:8080", "gate.example", "http://gate.example:8080/v1", "GATE.example"])
def test_a_host_is_told_with_or_without_a_port(host):
    """Or as a whole address, copied from a configuration."""
    url = "http://gate.example:8080/v1/chat/completions"
    assert ("", "openai", "http://gate.example:8080/v1") == found(url, host)


def test_a_port_that_was_told_is_the_only_one():
    """Another program listens on another port."""
    assert None is found("http://gate.example:9090/v1/chat/completions", "gate.example:8080")


def test_of_a_gateway_only_what_is_recorded_is_touched():
    """Its other paths may be anything."""
    assert None is found("http://gate.example/v1/jobs", "gate.example")


def test_messages_of_a_gateway_are_anthropics():
    """The interface says whose prices hold."""
    assert ("messages", "anthropic", "http://gate.example/v1") == found(
        "http://gate.example/v1/messages", "gate.example"
    )


def test_an_endpoint_that_the_environment_names_is_known():
    """The SDKs read it, so the application was sent there on purpose."""
    environ = {"OPENAI_BASE_URL": "http://127.0.0.1:4000/v1"}
    url = "http://127.0.0.1:4000/v1/chat/completions"
    assert ("", "openai", "http://127.0.0.1:4000/v1") == found(url, environ=environ)


def test_only_posts_are_calls():
    """A list of models is no answer."""
    assert None is found("https://api.openai.com/v1/chat/completions", method="GET")


def test_of_an_address_neither_password_nor_key_is_kept():
    """What stands in it beside host and path is not written down, but for a version of the interface."""
    url = "https://me:secret@gate.example/v1/chat/completions?key=secret&api-version=7"
    endpoint = Endpoints(["gate.example"]).find("POST", url, {})
    assert "secret" not in repr(endpoint)
    assert {"api-version": "7"} == endpoint.query


def test_a_deployment_of_azure_is_the_model():
    """Its address names it."""
    url = "https://x.openai.azure.com/openai/deployments/mini/chat/completions?api-version=1"
    endpoint = Endpoints().find("POST", url, {})
    assert ("azure", "mini") == (endpoint.provider, endpoint.deployment)
