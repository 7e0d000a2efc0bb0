"""A conversation: the list of messages that grows, turn by turn, and the tools' results in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json, Response

if TYPE_CHECKING:
    from pytest_llmeval.calls.client import Client, Images
    from pytest_llmeval.records.more import ToolCall


class Chat:
    """A conversation of one trial. Of one thread: turns have an order.

    Each turn sends all messages so far, so a turn waits for the answer before it, and has a key of its own: a replay
    replays turn by turn.

    Args:
        client: asks.
        messages: the first ones.
        options: of every call.
    """

    def __init__(self, client: Client, messages: Iterable[Mapping[str, Json]], options: Mapping[str, Any]) -> None:
        self._client = client
        self._options = options
        # An answer that is on its way stands here as itself: it need not be there before the next turn.
        self._said: list[Mapping[str, Json] | Response] = list(messages)

    def __call__(
        self,
        prompt: str | None = None,
        *,
        images: Images | None = None,
        **options: Any,  # noqa: ANN401 - as of ``llm``
    ) -> Response:
        """Take one turn, and return its answer, which becomes part of the conversation.

        Args:
            prompt: what the user says; None: go on from the results of tools, or from messages that were added.
            images: as of ``llm``.
            options: as of ``llm``, in place of the conversation's.

        Raises:
            UsageError: nothing to answer, or a call of a tool still has no result; the others as of ``llm``.
        """
        __tracebackhide__ = True
        said = self._new(prompt, images)
        response = self._client([*self.messages, *said], **{**self._options, **options})
        self._said += [*said, response]
        return response

    async def acall(
        self,
        prompt: str | None = None,
        *,
        images: Images | None = None,
        **options: Any,  # noqa: ANN401 - as of ``llm``
    ) -> Response:
        """Take one turn and await its answer; arguments and errors as of a call."""
        __tracebackhide__ = True
        said = self._new(prompt, images)
        response = await self._client.acall([*self.messages, *said], **{**self._options, **options})
        self._said += [*said, response]
        return response

    @property
    def messages(self) -> list[dict[str, Json]]:
        """All messages so far, as copies; waits for the last answer."""
        __tracebackhide__ = True
        return [said.message if isinstance(said, Response) else dict(said) for said in self._said]

    def add(self, *messages: Mapping[str, Json] | Response) -> None:
        """Let messages, or answers that were given elsewhere, have been said."""
        self._said.extend(messages)

    def give(self, call: ToolCall, result: Json) -> None:
        """Say what a tool has returned.

        Args:
            call: one of the last answer's ``tool_calls``.
            result: text, or what is written as JSON.
        """
        self._said.append(call.result(result))

    def _new(self, prompt: str | None, images: Images | None) -> list[Mapping[str, Json]]:
        """Return what a turn adds before it is answered, if the conversation is one that can go on."""
        messages = self.messages
        _refuse_open_calls(messages)
        if prompt is None:
            if not messages or messages[-1].get("role") == "assistant":
                raise UsageError(
                    "a conversation has nothing to answer",
                    found="its last message is the model's" if messages else "it has no messages",
                    hint='say something: chat("...")',
                )
            return []
        if images is None:
            return [{"role": "user", "content": prompt}]
        from pytest_llmeval.calls.files import with_images

        return with_images(prompt, images)


def _refuse_open_calls(messages: Iterable[Mapping[str, Json]]) -> None:
    """Tell of calls without results here, in words: a provider says it with a status, after it was asked."""
    open_calls: dict[str, str] = {}
    for message in messages:
        for call in message.get("tool_calls") or ():
            open_calls[call["id"]] = call["function"]["name"]
        if message.get("role") == "tool":
            open_calls.pop(message.get("tool_call_id", ""), None)
    if open_calls:
        raise UsageError(
            f"a conversation goes on before its tools have returned: {', '.join(open_calls.values())}",
            found=f"{len(open_calls)} calls of the model have no result",
            hint="for call in answer.tool_calls: chat.give(call, result)",
        )
