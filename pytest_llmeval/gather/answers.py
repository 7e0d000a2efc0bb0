"""What a check is given to judge: plain text, a Response, or any object with ``.text``; read in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from pytest_llmeval.errors import ProviderError, UsageError
from pytest_llmeval.gather.recorder import Recorder
from pytest_llmeval.records import Json, Outcome, Request, Response, digest, land

HEAD_LENGTH = 1000


@runtime_checkable
class HasText(Protocol):
    """Anything with the answer in ``.text``: a Response of ours, or what the user's application returns."""

    @property
    def text(self) -> str:
        """The answer."""


Answer = str | HasText


def text_of(answer: Answer) -> str:
    """Return the text of an answer.

    Raises:
        UsageError: it has none.
    """
    text = answer if isinstance(answer, str) else getattr(answer, "text", None)
    if not isinstance(text, str):
        raise UsageError(
            f"cannot read an answer from {type(answer).__name__!r}",
            found=f"got {answer!r}"[:200],
            hint="give it text, or an object whose .text is text",
        )
    return text


def head_of(answer: Answer) -> str:
    """Return the start of an answer, as it is kept with its check; empty where its call failed."""
    try:
        text = text_of(answer) or (_called(answer) if isinstance(answer, Response) else "")
    except ProviderError:
        return ""
    return text[:HEAD_LENGTH]


def unreadable(answer: Answer, *, may_be_empty: bool = False) -> str | None:
    """Say why there is no text to judge: an empty or filtered answer is an outcome of its own, not a bad score.

    Waits for an answer that is on its way; a call that failed is a reason as well.

    Args:
        answer: what is judged.
        may_be_empty: another thing than its text is judged, so only a failed call is a reason.
    """
    try:
        land(answer)
    except ProviderError as error:
        return error.what
    if may_be_empty:
        return None
    outcome = getattr(answer, "outcome", None)
    if outcome == Outcome.FILTERED:
        return "the provider filtered the answer"
    if text_of(answer).strip():
        return None
    if isinstance(answer, Response) and answer.more:
        # Names only: a reason stands where no text may be stored.
        names = ", ".join(call.name for call in answer.tool_calls)
        return f"the answer calls a tool and says nothing: {names}" if names else "the answer has no text"
    return "the answer is empty"


def _called(answer: Response) -> str:
    """Return the calls of tools that an answer is made of, as one reads them."""
    return "; ".join(map(str, answer.tool_calls)) if answer.more else ""


def sources_of(answer: Answer, calls: Sequence[Response]) -> Sequence[Response]:
    """Return what must be there before an answer can be judged and its draw be named: itself, or the calls so far."""
    return (answer,) if isinstance(answer, Response) else calls


def origin_of(answer: Answer, calls: Sequence[Response]) -> str:
    """Return the identity of the draw an answer is, or stands on; empty where nobody knows.

    Args:
        answer: what is judged.
        calls: the responses that its trial had before. A text of the user's own function is known by itself and by
            all of them; where the trial called nobody through us, nobody knows whether the text was drawn anew.
    """
    try:
        if isinstance(answer, Response):
            return answer.origin
        text, origins = text_of(answer), [call.origin for call in calls]
    except ProviderError:
        return ""
    # Without a text nobody knows what was measured, and another text is another draw though its calls were the same.
    return digest([text, *origins])[:16] if text and origins and all(origins) else ""


def question_of(answer: Answer, recorder: Recorder | None, call: str = "assert_relevance") -> str:
    """Return the question an answer was given to: of its request, else of the running case; ``call`` asks for it.

    Raises:
        UsageError: nobody knows it.
    """
    asked = getattr(getattr(answer, "request", None), "question", None)
    if isinstance(asked, str) and asked:
        return asked
    if recorder is not None and recorder.case is not None and isinstance(recorder.case.input, str):
        return recorder.case.input
    raise UsageError(
        f"{call} does not know the question",
        found="the answer is plain text, and the test has no case whose input is text",
        hint=f"say it: {call}(answer, question=...)",
    )


def context_of(recorder: Recorder | None, call: str = "assert_faithful") -> str:
    """Return the source of the running case: its context, or the texts of one that is a list; ``call`` asks for it.

    Raises:
        UsageError: it has none.
    """
    context = recorder.case.context if recorder is not None and recorder.case is not None else None
    if isinstance(context, str):
        return context
    if context and isinstance(context, list) and all(isinstance(text, str) for text in context):
        return "\n\n".join(context)
    raise UsageError(
        f"{call} does not know the source",
        found="the test has no case whose context is text, or a list of text",
        hint=f"say it: {call}(answer, source=...)",
    )


def system_of(answer: Answer, recorder: Recorder | None, call: str = "assert_keeps_prompt") -> str:
    """Return the system prompt an answer was given under: of its request, else of the trial's last call with one.

    Raises:
        UsageError: nobody knows it; ``call`` asks for it.
    """
    calls = () if isinstance(answer, Response) or recorder is None else recorder.calls
    for request in [getattr(given, "request", None) for given in (answer, *reversed(calls))]:
        found = _system(request) if isinstance(request, Request) else ""
        if found:
            return found
    raise UsageError(
        f"{call} does not know the system prompt",
        found="neither the answer's request has one, nor a call of the trial",
        hint=f"say it: {call}(answer, prompt=...)",
    )


def _system(request: Request) -> str:
    """Return all that a request says as its system: messages of that role, or the field that an interface has."""
    said = [message.get("content") for message in request.messages if message.get("role") in ("system", "developer")]
    texts = [
        _text(content) for content in (*said, request.settings.get("system"), request.settings.get("instructions"))
    ]
    return "\n".join(text for text in texts if text)


def _text(content: Json) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, (list, tuple)) else ()
    texts = [part.get("text") for part in parts if isinstance(part, Mapping)]
    return "\n".join(text for text in texts if isinstance(text, str))
