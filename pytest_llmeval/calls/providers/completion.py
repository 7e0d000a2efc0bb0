"""Read a chat completion, the one reply format of both providers; and a reply of embeddings.

Source:
    OpenAI API reference, "The chat completion object", "The completion object" (its logprobs), "The embedding object";
    litellm returns the same shapes for every provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pytest_llmeval.calls.guard import excerpt
from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.calls.providers.shapes import tokens, tool_calls
from pytest_llmeval.records import Json, Outcome, Request, Response
from pytest_llmeval.records.more import packed, unpacked


class _Said(NamedTuple):
    """One choice of a completion."""

    text: str
    outcome: Outcome
    tool_calls: list[Json]
    logprobs: list[Json]

    @property
    def more(self) -> dict[str, Json]:
        """What it holds beside its text."""
        found = {"tool_calls": self.tool_calls, "logprobs": self.logprobs}
        return {name: value for name, value in found.items() if value}


def read_completion(body: Json, request: Request, latency_s: float) -> Response:
    """Turn a provider's reply into a response.

    Args:
        body: the reply, parsed; anything JSON can hold.
        request: what was asked.
        latency_s: seconds from sending to the last byte.

    Raises:
        Fault: an error that came with status 200, or a reply without a choice; final, since it was an answer.
    """
    body = _object(body)
    match body.get("choices"):
        case [{"message": Mapping()}, *_] as choices:
            first, *others = [_read_choice(choice) for choice in choices if isinstance(choice.get("message"), Mapping)]
        case _:
            raise _malformed("has no choice with a message", body)
    more = first.more
    if others:
        more["choices"] = [{"text": one.text, "outcome": one.outcome.value, **one.more} for one in others]
    usage = body.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, Mapping) else {}
    return Response(
        text=first.text,
        request=request,
        outcome=first.outcome,
        model=_text(body.get("model")),
        fingerprint=_text(body.get("system_fingerprint")),
        n_input_tokens=_count(usage.get("prompt_tokens")),
        n_output_tokens=_count(usage.get("completion_tokens")),
        n_cached_tokens=_count(details.get("cached_tokens")) or 0,
        # Not OpenAI's: where litellm puts what Anthropic says.
        n_cache_write_tokens=_count(usage.get("cache_creation_input_tokens")) or 0,
        latency_s=latency_s,
        more=more or None,
    )


def read_embeddings(body: Json, request: Request, latency_s: float) -> Response:
    """Turn a reply of embeddings into a response without text; arguments and errors as of ``read_completion``."""
    body = _object(body)
    data, usage = body.get("data"), body.get("usage")
    if not isinstance(data, list) or len(data) != len(request.messages):
        raise _malformed(f"has not the {len(request.messages)} vectors that were asked for", body)
    try:
        vectors = [one["embedding"] for one in sorted(data, key=lambda one: one.get("index") or 0)]
        vectors = [packed(unpacked(one) if isinstance(one, str) else one) for one in vectors]
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
        raise _malformed("has a vector that is none", body) from None
    return Response(
        text="",
        request=request,
        model=_text(body.get("model")),
        n_input_tokens=_count(usage.get("prompt_tokens") if isinstance(usage, Mapping) else None),
        n_output_tokens=0,
        latency_s=latency_s,
        more={"vectors": vectors},
    )


def _object(body: Json) -> Mapping[str, Json]:
    if not isinstance(body, Mapping):
        raise _malformed("is no object", body)
    if body.get("error"):
        raise Fault("an error with status 200", found=f"it said: {excerpt(str(body['error']))}", is_final=True)
    return body


def _read_choice(choice: Mapping[str, Json]) -> _Said:
    message, finish_reason = choice["message"], choice.get("finish_reason")
    content = message.get("content")
    if isinstance(content, list):  # some gateways send parts
        content = "".join(_text(part.get("text")) for part in content if isinstance(part, Mapping))
    if content is not None and not isinstance(content, str):
        raise _malformed("has a content that is no text", message)
    text = content or ""
    more = message.get("provider_specific_fields")  # where litellm puts what is OpenAI's own
    refusal = message.get("refusal") or (more.get("refusal") if isinstance(more, Mapping) else None)
    calls, logprobs = tool_calls(message), tokens(choice.get("logprobs"))
    if finish_reason == "content_filter" or refusal:
        return _Said(text or _text(refusal), Outcome.FILTERED, calls, logprobs)
    if not text.strip() and not calls:
        return _Said(text, Outcome.EMPTY, calls, logprobs)
    return _Said(text, Outcome.TRUNCATED if finish_reason == "length" else Outcome.OK, calls, logprobs)


def _malformed(how: str, body: Json) -> Fault:
    return Fault(f"a malformed reply: it {how}", found=f"it said: {excerpt(str(body))}", is_final=True)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
