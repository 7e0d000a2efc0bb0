"""Read a chat completion, the one reply format of both providers.

Source:
    OpenAI API reference, "The chat completion object"; litellm returns the same shape for every provider.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytest_llmeval.calls.guard import excerpt
from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.records import Json, Outcome, Request, Response


def read_completion(body: Json, request: Request, latency_s: float) -> Response:
    """Turn a provider's reply into a response.

    Args:
        body: the reply, parsed; anything JSON can hold.
        request: what was asked.
        latency_s: seconds from sending to the last byte.

    Raises:
        Fault: an error that came with status 200, or a reply without a choice; final, since it was an answer.
    """
    if not isinstance(body, Mapping):
        raise _malformed("is no object", body)
    if body.get("error"):
        raise Fault("an error with status 200", found=f"it said: {excerpt(str(body['error']))}", is_final=True)
    match body.get("choices"):
        case [{"message": Mapping() as message, **choice}, *_]:
            text, outcome = _read_choice(message, choice.get("finish_reason"))
        case _:
            raise _malformed("has no choice with a message", body)
    usage = body.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    details = usage.get("prompt_tokens_details")
    details = details if isinstance(details, Mapping) else {}
    return Response(
        text=text,
        request=request,
        outcome=outcome,
        model=_text(body.get("model")),
        fingerprint=_text(body.get("system_fingerprint")),
        n_input_tokens=_count(usage.get("prompt_tokens")),
        n_output_tokens=_count(usage.get("completion_tokens")),
        n_cached_tokens=_count(details.get("cached_tokens")) or 0,
        # Not OpenAI's: where litellm puts what Anthropic says.
        n_cache_write_tokens=_count(usage.get("cache_creation_input_tokens")) or 0,
        latency_s=latency_s,
    )


def _read_choice(message: Mapping[str, Json], finish_reason: Json) -> tuple[str, Outcome]:
    content = message.get("content")
    if isinstance(content, list):  # some gateways send parts
        content = "".join(_text(part.get("text")) for part in content if isinstance(part, Mapping))
    if content is not None and not isinstance(content, str):
        raise _malformed("has a content that is no text", message)
    text = content or ""
    more = message.get("provider_specific_fields")  # where litellm puts what is OpenAI's own
    refusal = message.get("refusal") or (more.get("refusal") if isinstance(more, Mapping) else None)
    if finish_reason == "content_filter" or refusal:
        return text or _text(refusal), Outcome.FILTERED
    if not text.strip():
        return text, Outcome.EMPTY
    return text, Outcome.TRUNCATED if finish_reason == "length" else Outcome.OK


def _malformed(how: str, body: Json) -> Fault:
    return Fault(f"a malformed reply: it {how}", found=f"it said: {excerpt(str(body))}", is_final=True)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
