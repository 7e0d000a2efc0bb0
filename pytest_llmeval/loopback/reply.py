"""What the loopback provider answers, and how it fails: one value, whose fields combine."""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.records import Json

_OK = 200


@dataclass(frozen=True)
class Reply:
    """One reply; by default a completion of ``text``.

    Args:
        text: the answer; with an error status, the error's message. None: a message without content.
        status: HTTP status.
        headers: sent beside the usual ones, or in place of them: ``{"Content-Length": "9999"}`` cuts the body short.
        body: sent as it is in place of a completion: malformed JSON, HTML, no choices.
        finish_reason: ``stop``, ``length`` (truncated) or ``content_filter`` (filtered).
        latency_s: seconds before the first byte; large: it hangs.
        drip_s: seconds between two bytes of the body.
        is_reset: reset the connection in place of a reply.
    """

    text: str | None = ""
    _: KW_ONLY
    status: int = _OK
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    finish_reason: str = "stop"
    latency_s: float = 0.0
    drip_s: float = 0.0
    is_reset: bool = False

    def content(self, asked: Mapping[str, Json]) -> bytes:
        """The body that goes over the wire, given the request's own."""
        if self.body is not None:
            return self.body
        if self.status != _OK:
            return json.dumps({"error": {"message": self.text, "code": None}}).encode("ascii")
        n_input = sum(len(str(message.get("content")).split()) for message in asked["messages"])
        n_output = len((self.text or "").split())
        message = {"role": "assistant", "content": self.text}
        completion = {
            "id": "chatcmpl-loopback",
            "object": "chat.completion",
            "created": 0,
            "model": asked["model"],
            "system_fingerprint": "loopback",
            "choices": [{"index": 0, "message": message, "finish_reason": self.finish_reason}],
            "usage": {"prompt_tokens": n_input, "completion_tokens": n_output, "total_tokens": n_input + n_output},
        }
        return json.dumps(completion).encode("ascii")


def echo(asked: Mapping[str, Json]) -> Reply:
    """Answer with the last message: the model that is always there."""
    return Reply(str(asked["messages"][-1]["content"]))
