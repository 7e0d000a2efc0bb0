"""The chunks of a streamed completion, joined into the reply that would have come without streaming.

Texts come in parts of a few letters, thousands of them in a long answer; so they are gathered, and joined once.

Source:
    OpenAI API reference, "The chat completion chunk object", and "The completion object" (streamed).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pytest_llmeval.records import Json


class Chunks:
    """The chunks of one stream; a chunk of another form raises TypeError, AttributeError or LookupError.

    Attributes:
        pieces: lengths of the parts of the first choice's text, in characters.
    """

    def __init__(self) -> None:
        self.pieces: list[int] = []
        self._reply: dict[str, Json] = {}
        self._choices: dict[int, _Choice] = {}

    def take(self, chunk: Mapping[str, Json]) -> bool:
        """Join one chunk; return whether it brought a part of an answer, and not only role, reason or counts."""
        self._reply |= {name: value for name, value in chunk.items() if value is not None and name != "choices"}
        has_part = False
        for part in chunk.get("choices") or ():
            index = part.get("index") or 0
            choice = self._choices.setdefault(index, _Choice())
            n_texts = len(choice.texts)
            has_part |= choice.take(part)
            if index == 0:
                self.pieces += map(len, choice.texts[n_texts:])
        return has_part

    @property
    def reply(self) -> Json:
        """The completion; None where a choice has not ended."""
        choices = [self._choices[index] for index in sorted(self._choices)]
        if not choices or not all(choice.reason for choice in choices):
            return None
        return {**self._reply, "choices": [choice.joined() for choice in choices]}

    def end(self) -> None:
        """Take what has come for whole: the stream said that it is over, whatever it gave as a reason."""
        for choice in self._choices.values():
            choice.reason = choice.reason or "stop"


class _Choice:
    """One choice."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reason = ""
        self._refusals: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._function: _Call | None = None
        self._logprobs: dict[str, list[Json]] = {}
        self._rest: dict[str, Json] = {}

    def take(self, part: Mapping[str, Json]) -> bool:
        """Take what a chunk has of it; return whether that is a part of an answer."""
        self.reason = part.get("finish_reason") or self.reason
        delta = part.get("delta") or {}
        text, refusal = _text(delta.get("content") or part.get("text")), _text(delta.get("refusal"))
        calls, function = delta.get("tool_calls") or (), delta.get("function_call")
        self.texts += [text] if text else []
        self._refusals += [refusal] if refusal else []
        for call in calls:
            index = call.get("index")
            # Its place says whose part it is; a server that does not say sends calls whole.
            place = index if isinstance(index, int) else len(self._calls)
            self._calls.setdefault(place, _Call()).take(call, call.get("function") or call.get("custom") or {})
        if function:
            self._function = self._function or _Call()
            self._function.take({}, function)
        for name, values in (part.get("logprobs") or {}).items():
            self._logprobs.setdefault(name, []).extend(values if isinstance(values, list) else ())
        self._rest |= {name: value for name, value in delta.items() if value and name not in _JOINED}
        return bool(text or refusal or calls or function)

    def joined(self) -> dict[str, Json]:
        """Return the choice, as it stands in a completion of either interface."""
        text = "".join(self.texts)
        message = self._rest | {"content": text or None}
        if self._refusals:
            message["refusal"] = "".join(self._refusals)
        if self._calls:
            message["tool_calls"] = [call.joined() for call in self._calls.values()]
        if self._function is not None:
            message["function_call"] = self._function.joined()["function"]
        logprobs = {"logprobs": self._logprobs} if self._logprobs else {}
        return {"message": message, "text": text, "finish_reason": self.reason, **logprobs}


class _Call:
    """One call of a tool: its name comes first, its arguments in parts."""

    def __init__(self) -> None:
        self._id = self._name = ""
        self._arguments: list[str] = []

    def take(self, call: Mapping[str, Json], said: Mapping[str, Json]) -> None:
        self._id = self._id or call.get("id") or ""
        self._name = self._name or said.get("name") or ""
        arguments = said.get("arguments", said.get("input"))
        if arguments is not None:
            self._arguments.append(arguments if isinstance(arguments, str) else json.dumps(arguments))

    def joined(self) -> dict[str, Json]:
        function = {"name": self._name, "arguments": "".join(self._arguments)}
        return {"id": self._id, "type": "function", "function": function}


_JOINED = frozenset({"content", "tool_calls", "function_call", "refusal"})


def _text(value: Json) -> str:
    """Return a part of a text; some gateways send parts of parts."""
    if isinstance(value, list):
        return "".join(_text(part.get("text")) for part in value)
    return value if isinstance(value, str) else ""
