"""Which addresses are a model's: the hosts we know and those we are told of, and the paths of their interfaces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

# Host, the provider in litellm's spelling, and the path before the interface's own. Under another path of the same
# host the base counts in the key.
_PROVIDERS = {
    "api.openai.com": ("openai", ("/v1",)),
    "api.anthropic.com": ("anthropic", ("/v1",)),
    "api.cerebras.ai": ("cerebras", ("/v1",)),
    "api.cohere.ai": ("cohere", ("/compatibility/v1",)),
    "api.cohere.com": ("cohere", ("/compatibility/v1",)),
    "api.deepseek.com": ("deepseek", ("", "/v1")),
    "api.fireworks.ai": ("fireworks_ai", ("/inference/v1",)),
    "api.groq.com": ("groq", ("/openai/v1",)),
    "api.mistral.ai": ("mistral", ("/v1",)),
    "api.perplexity.ai": ("perplexity", ("", "/v1")),
    "api.together.xyz": ("together_ai", ("/v1",)),
    "api.x.ai": ("xai", ("/v1",)),
    "generativelanguage.googleapis.com": ("gemini", ("/v1beta/openai",)),
    "integrate.api.nvidia.com": ("nvidia_nim", ("/v1",)),
    "openrouter.ai": ("openrouter", ("/api/v1",)),
    "router.huggingface.co": ("huggingface", ("/v1",)),
}
_AZURE = ".openai.azure.com"
# Their kinds; a longer path stands before its own end.
_PATHS = {
    "/chat/completions": "",
    "/completions": "completions",
    "/responses": "responses",
    "/messages": "messages",
    "/embeddings": "embeddings",
}
_DEPLOYMENT = "/deployments/"
# What a query may hold that changes the answer; anything else there may be a key.
_COUNTED_IN_QUERY = ("api-version", "beta")
# Read by the SDKs themselves, so an application that was sent elsewhere by them is expected there.
_VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL")


class Endpoint(NamedTuple):
    """Whom a call asks, and through which interface.

    Args:
        kind: as of ``Request.kind``; None for an interface that is not recorded.
        path: of the address, for an error.
        provider: in litellm's spelling.
        api_base: where it is not the provider's own.
        deployment: the model, where the address names it.
        query: the part of the address that counts.
    """

    kind: str | None
    path: str
    provider: str = ""
    api_base: str = ""
    deployment: str = ""
    query: Mapping[str, str] = {}


class Endpoints:
    """The addresses whose calls are recorded.

    Args:
        hosts: beside the providers that we know: ``gateway.example:8080``, ``localhost``, or a whole address. Without
            a port any is meant.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._hosts = {host for host in map(_host, hosts) if host}

    def find(self, method: str, url: str, environ: Mapping[str, str]) -> Endpoint | None:
        """Return whom a request asks; None where it is none of ours.

        Args:
            method: of HTTP.
            url: the whole address.
            environ: the environment, which may name further hosts.
        """
        parts = urlsplit(url)
        host, netloc = parts.hostname or "", parts.netloc.rpartition("@")[2].lower()
        is_told = not self._hosts.isdisjoint((host, netloc)) or netloc in {
            _host(environ[name]) for name in _VARIABLES if environ.get(name)
        }
        known = _provider(host)
        if method != "POST" or not (is_told or known):
            return None
        path = parts.path.rstrip("/")
        end = next((end for end in _PATHS if path.endswith(end)), None)
        if end is None:
            # A provider's other interfaces cost money as well; of a gateway we know only what we record.
            return Endpoint(None, path) if known else None
        kind, base = _PATHS[end], path.removesuffix(end)
        provider, own_bases = known or ("anthropic" if kind == "messages" else "openai", ())
        base, deployment = _without_deployment(base)
        is_own = not is_told and parts.port is None and base in own_bases
        return Endpoint(
            kind,
            path,
            provider,
            "" if is_own else f"{parts.scheme}://{netloc}{base}",
            deployment,
            {name: value for name, value in parse_qsl(parts.query) if name in _COUNTED_IN_QUERY},
        )


def _provider(host: str) -> tuple[str, tuple[str, ...]] | None:
    return ("azure", ()) if host.endswith(_AZURE) else _PROVIDERS.get(host)


def _host(text: str) -> str:
    """Return the host, and the port if there is one, of a host or a whole address."""
    return urlsplit(text if "//" in text else f"//{text}").netloc.rpartition("@")[2].lower()


def _without_deployment(base: str) -> tuple[str, str]:
    if _DEPLOYMENT not in base:
        return base, ""
    before, _, deployment = base.rpartition(_DEPLOYMENT)
    return before, deployment
