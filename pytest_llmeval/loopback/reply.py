"""What the loopback provider answers, and how it fails: one value, whose fields combine."""

from __future__ import annotations

import json
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Self

from pytest_llmeval.loopback.interfaces import events, whole
from pytest_llmeval.loopback.said import Said, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmeval.records import Json

_OK = 200
_FOR_EVER_S = 1e6  # longer than any test; the end of the server ends it


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
        is_cut: hang up in the middle of the body, or of the stream.
        code: of an error, as OpenAI sends it: ``insufficient_quota``, ``context_length_exceeded``.
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
    is_cut: bool = False
    code: str | None = None

    @classmethod
    def rate_limited(cls, retry_after_s: float = 1.0, *, as_date: bool = False) -> Self:
        """Say 429, and when to come again.

        Args:
            retry_after_s: seconds from now.
            as_date: as the time of day, as some gateways do, and not in seconds.
        """
        moment = datetime.now(UTC) + timedelta(seconds=retry_after_s)
        value = format_datetime(moment, usegmt=True) if as_date else f"{retry_after_s:g}"
        return cls("Rate limit reached", status=429, headers={"Retry-After": value}, code="rate_limit_exceeded")

    @classmethod
    def quota_used_up(cls) -> Self:
        """Say 429 for ever: OpenAI tells it from a rate limit by its code only."""
        return cls("You exceeded your current quota", status=429, code="insufficient_quota")

    @classmethod
    def reset(cls) -> Self:
        """Reset the connection before a byte is sent."""
        return cls(is_reset=True)

    @classmethod
    def cut(cls, text: str) -> Self:
        """Promise a whole answer and hang up in its middle."""
        return cls(text, is_cut=True)

    @classmethod
    def hanging(cls) -> Self:
        """Never send a byte; the end of the server's block sets it free."""
        return cls(latency_s=_FOR_EVER_S)

    @classmethod
    def malformed(cls, body: bytes = b"<html>Bad gateway</html>") -> Self:
        """Send status 200 with what is no answer: HTML, an object without choices, an error, nothing."""
        return cls(body=body)

    @classmethod
    def truncated(cls, text: str) -> Self:
        """End at the limit of tokens."""
        return cls(text, finish_reason="length")

    @classmethod
    def filtered(cls, text: str | None = None) -> Self:
        """End by the provider's own filter."""
        return cls(text, finish_reason="content_filter")

    @classmethod
    def huge(cls, n_characters: int = 20_000_000) -> Self:
        """Answer at a length that nobody expects."""
        return cls("x" * n_characters)

    def parts(self, path: str, asked: Mapping[str, Json]) -> list[bytes]:
        """The body that goes over the wire, in the parts in which it is sent: one, or where it is streamed its events.

        Args:
            path: of the interface, such as ``/chat/completions``.
            asked: the request's own body.
        """
        if self.body is not None:
            return [self.body]
        if self.status != _OK:
            return [json.dumps(self._error(path)).encode("ascii")]
        said = Said(self.text, self.finish_reason, asked, self.tool_calls, self.others)
        return events(path, said) if self.is_streamed(asked) else [whole(path, said)]

    def is_streamed(self, asked: Mapping[str, Json]) -> bool:
        """Whether the body is a stream of events: the request wants one, and it is an answer."""
        return bool(asked.get("stream")) and self.status == _OK and self.body is None

    def _error(self, path: str) -> Json:
        kind = "invalid_request_error" if self.status < 500 else "server_error"  # noqa: PLR2004 - of HTTP
        if path == "/messages":
            return {"type": "error", "error": {"type": self.code or kind, "message": self.text}}
        return {"error": {"message": self.text, "type": kind, "param": None, "code": self.code}}


def echo(asked: Mapping[str, Json]) -> Reply:
    """Answer with the last message: the model that is always there."""
    return Reply(texts(asked)[-1])


def by_question(answers: Mapping[str, Reply | str]) -> Callable[[Mapping[str, Json]], Reply | str]:
    """Return a model that knows these answers, in whatever order it is asked: for calls that run side by side.

    Args:
        answers: by what the last message must contain; of several that fit, the first. The rest is echoed.
    """

    def model(asked: Mapping[str, Json]) -> Reply | str:
        question = texts(asked)[-1]
        return next((answer for words, answer in answers.items() if words in question), echo(asked))

    return model
