"""An answer that ``llm`` has recorded → the reply that an application's client would have been given.

``llm`` keeps text, calls of tools and counts, not the reply. For most questions that is all there is in it, so both
share one draw; where a reply says more (logprobs, several choices) what ``llm`` has kept does not do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_llmeval.records import Outcome, Wire

if TYPE_CHECKING:
    from pytest_llmeval.records import Response

_PLAIN = frozenset(
    {
        *("temperature", "top_p", "max_tokens", "max_completion_tokens", "seed", "stop"),
        *("frequency_penalty", "presence_penalty", "response_format", "reasoning_effort"),
        *("tools", "tool_choice", "parallel_tool_calls"),
    }
)
_ENDS = {Outcome.TRUNCATED: "length", Outcome.FILTERED: "content_filter"}


def has_reply(response: Response) -> bool:
    """Whether a stored answer can be handed to a client: as it came, or made from a plain one."""
    request = response.request
    return response.wire is not None or (not request.kind and _PLAIN.issuperset(request.settings))


def reply(response: Response) -> Wire:
    """Return the chat completion that a plain answer was."""
    request, n_input, n_output = response.request, response.n_input_tokens, response.n_output_tokens
    message = response.message
    finish_reason = _ENDS.get(response.outcome, "tool_calls" if "tool_calls" in message else "stop")
    body = {
        "id": f"chatcmpl-{response.origin}",
        "object": "chat.completion",
        "created": 0,
        "model": response.model or request.model.partition("/")[2],
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }
    if response.fingerprint:
        body["system_fingerprint"] = response.fingerprint
    if n_input is not None and n_output is not None:
        body["usage"] = {
            "prompt_tokens": n_input,
            "completion_tokens": n_output,
            "total_tokens": n_input + n_output,
        }
    return Wire(headers={"content-type": "application/json"}, body=json.dumps(body))
