"""What the loopback provider is to say, and what it was asked, whatever the interface."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pytest_llmeval.records import Json

_INPUTS = ("messages", "input", "prompt")


class Said(NamedTuple):
    """What is to be said, whatever the interface.

    Args:
        text: the answer; None: a message without content.
        finish_reason: in the words of chat completions.
        asked: the body of the request.
        tool_calls: names of tools and their arguments, as text or as what is written as JSON.
        others: texts of the choices after the first.
    """

    text: str | None
    finish_reason: str
    asked: Mapping[str, Json]
    tool_calls: Sequence[tuple[str, Json]] = ()
    others: Sequence[str] = ()

    @property
    def n_input(self) -> int:
        """Words of the question: the count of its tokens here."""
        return sum(len(text.split()) for text in texts(self.asked))

    @property
    def n_output(self) -> int:
        """Words of all answers."""
        return sum(len(text.split()) for text in self.choices)

    @property
    def choices(self) -> list[str]:
        """The texts of as many answers as are asked for; where no more are told, the last again."""
        told = [self.text or "", *self.others]
        n = self.asked.get("n") or 1
        return [*told, *told[-1:] * n][:n]

    @property
    def calls(self) -> list[Json]:
        """The calls of tools in the words of chat completions, each with an id of its own in the conversation."""
        messages = [message for message in self.asked.get("messages", ()) if isinstance(message, Mapping)]
        n_before = sum(len(message.get("tool_calls") or ()) for message in messages)
        return [
            {
                "id": f"call_{n_before + place}",
                "type": "function",
                "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
            }
            for place, (name, given) in enumerate(self.tool_calls)
        ]

    @property
    def reason(self) -> str:
        """Why the first choice ends."""
        return "tool_calls" if self.tool_calls and self.finish_reason == "stop" else self.finish_reason

    @property
    def words(self) -> list[str]:
        """The answer in the parts in which it is streamed."""
        return words(self.text or "")


def halves(text: str) -> list[str]:
    """Cut a text into two parts, without an empty one."""
    middle = len(text) // 2
    return [part for part in (text[:middle], text[middle:]) if part]


def words(text: str) -> list[str]:
    """Cut a text into its words, each with the space before it."""
    return re.findall(r"\s*\S+\s*$|\s*\S+", text)


def texts(asked: Mapping[str, Json]) -> list[str]:
    """Return the texts that a request asks about, in order."""
    given: Json = next((asked[name] for name in _INPUTS if name in asked), [])
    parts = given if isinstance(given, list) else [given]
    return [_text(part.get("content")) if isinstance(part, Mapping) else str(part) for part in parts]


def _text(content: Json) -> str:
    """The text of a message; of one in parts, the text among them."""
    if isinstance(content, list):
        return "".join(str(part["text"]) for part in content if isinstance(part, Mapping) and "text" in part)
    return str(content)
