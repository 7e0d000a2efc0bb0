"""What the loopback provider answers, and how it fails: one value, whose fields combine."""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING

from pytest_llmeval.loopback.interfaces import events, whole
from pytest_llmeval.loopback.said import Said, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        tool_calls: names of tools that it calls, each with its arguments, as text or as what is written
            as JSON: ``[("weather", {"city": "Oslo"})]``.
        others: texts of the second and later choices, where ``n`` asks for them; the last is said again for each more.
        latency_s: seconds before the first byte; large: it hangs.
        drip_s: seconds between two bytes of the body, or between two events of a stream.
        is_reset: reset the connection in place of a reply.
    """

    text: str | None = ""
    _: KW_ONLY
    status: int = _OK
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    finish_reason: str = "stop"
    tool_calls: Sequence[tuple[str, Json]] = ()
    others: Sequence[str] = ()
    latency_s: float = 0.0
    drip_s: float = 0.0
    is_reset: bool = False

    def parts(self, path: str, asked: Mapping[str, Json]) -> list[bytes]:
        """The body that goes over the wire, in the parts in which it is sent: one, or where it is streamed its events.

        Args:
            path: of the interface, such as ``/chat/completions``.
            asked: the request's own body.
        """
        if self.body is not None:
            return [self.body]
        if self.status != _OK:
            return [json.dumps({"error": {"message": self.text, "code": None}}).encode("ascii")]
        said = Said(self.text, self.finish_reason, asked, self.tool_calls, self.others)
        return events(path, said) if self.is_streamed(asked) else [whole(path, said)]

    def is_streamed(self, asked: Mapping[str, Json]) -> bool:
        """Whether the body is a stream of events: the request wants one, and it is an answer."""
        return bool(asked.get("stream")) and self.status == _OK and self.body is None


def echo(asked: Mapping[str, Json]) -> Reply:
    """Answer with the last message: the model that is always there."""
    return Reply(texts(asked)[-1])
