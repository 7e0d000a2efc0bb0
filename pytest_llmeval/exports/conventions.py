"""Request and Response → fields by OpenTelemetry's names; what it has no name for begins with ``llmeval.``.

Source: OpenTelemetry semantic conventions 1.41.0, the last version before those of generative AI moved to a repository
of their own: attributes ``gen_ai.*`` and ``openai.*``, and the JSON schemas of input and output messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.records import Json, Response
    from pytest_llmeval.records.more import ToolCall

    Row = dict[str, Json]

SEMCONV = "1.41.0"

# Where litellm's prefix of a model is not the well-known value.
_PROVIDERS = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
_OPERATIONS = {"completions": "text_completion", "embeddings": "embeddings"}
_SETTINGS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "seed": "seed",
    "stop": "stop_sequences",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
}
_FINISHED = {Outcome.OK: "stop", Outcome.EMPTY: "stop", Outcome.TRUNCATED: "length", Outcome.FILTERED: "content_filter"}


def of_call(call: Response) -> Row:
    """Return what is known of a request and its answer; what is unknown is None."""
    request = call.request
    prefix, slash, model = request.model.removeprefix("litellm/").partition("/")
    settings = dict(request.settings)
    messages = _answers(call)
    sampling: Row = dict.fromkeys((f"gen_ai.request.{name}" for name in _SETTINGS.values()), None)
    for ours, theirs in _SETTINGS.items():
        # Where two of ours are one of theirs, the second stays a setting.
        if ours in settings and sampling[f"gen_ai.request.{theirs}"] is None:
            sampling[f"gen_ai.request.{theirs}"] = _setting(ours, settings.pop(ours))
    return {
        "gen_ai.operation.name": _OPERATIONS.get(request.kind, "chat"),
        "gen_ai.provider.name": _PROVIDERS.get(prefix, prefix) if slash else None,
        "gen_ai.request.model": model if slash else request.model,
        **sampling,
        "gen_ai.input.messages": [_message(message) for message in request.messages],
        "gen_ai.output.messages": messages,
        "gen_ai.response.model": call.model or None,
        "gen_ai.response.finish_reasons": [message["finish_reason"] for message in messages],
        "gen_ai.usage.input_tokens": call.n_input_tokens,
        "gen_ai.usage.output_tokens": call.n_output_tokens,
        "openai.response.system_fingerprint": call.fingerprint or None,
        "llmeval.request.model": request.model,
        "llmeval.request.api_base": request.api_base or None,
        "llmeval.request.kind": request.kind or "chat",
        "llmeval.request.settings": settings,
        "llmeval.request.namespace": request.namespace or None,
        "llmeval.request.repeat": request.repeat,
        "llmeval.response.outcome": call.outcome.value,
        "llmeval.response.provenance": call.provenance.value,
        "llmeval.response.recorded_at": call.recorded_at or None,
        "llmeval.response.latency_s": call.latency_s,
        "llmeval.response.cost_usd": call.cost_usd,
        "llmeval.response.key": call.key or None,
        "llmeval.response.origin": call.origin or None,
    }


def _setting(name: str, value: Json) -> Json:
    return [value] if name == "stop" and isinstance(value, str) else value


def _message(message: Mapping[str, Json]) -> Json:
    """Return a message as the schema has it: a role and parts."""
    role = str(message.get("role", "user"))
    parts = list(_parts(message.get("content")))
    if role == "tool":
        parts = [{"type": "tool_call_response", "id": message.get("tool_call_id"), "response": message.get("content")}]
    calls = message.get("tool_calls")
    parts += [_tool_call(one) for one in calls] if isinstance(calls, list) else []
    return {"role": role, "parts": parts, **({"name": message["name"]} if message.get("name") else {})}


def _parts(content: Json) -> Iterator[Json]:
    if isinstance(content, str):
        yield {"type": "text", "content": content}
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, dict) and isinstance(part.get("type"), str):
                is_text = part["type"] in ("text", "input_text") and isinstance(part.get("text"), str)
                yield {"type": "text", "content": part["text"]} if is_text else part
            else:
                yield {"type": "other", "content": part}
    elif content is not None:
        yield {"type": "other", "content": content}


def _tool_call(call: Json) -> Json:
    said = call if isinstance(call, dict) else {}
    function = said.get("function")
    function = function if isinstance(function, dict) else {}
    return {
        "type": "tool_call",
        "id": said.get("id"),
        "name": str(function.get("name", "")),
        "arguments": function.get("arguments"),
    }


def _answers(call: Response) -> list[Json]:
    """Return every answer as a message: one, but where ``n=`` asked for several."""
    first = _answer(call.text, call.tool_calls, call.outcome)
    return [first, *(_answer(one.text, one.tool_calls, one.outcome) for one in call.choices[1:])]


def _answer(text: str, tool_calls: Sequence[ToolCall], outcome: Outcome) -> Json:
    parts: list[Json] = [{"type": "text", "content": text}] if text else []
    parts += [
        {"type": "tool_call", "id": one.id or None, "name": one.name, "arguments": one.text} for one in tool_calls
    ]
    finished = "tool_call" if tool_calls and outcome is Outcome.OK else _FINISHED[outcome]
    return {"role": "assistant", "parts": parts, "finish_reason": finished}
