"""An answer's text → the value that was asked for by ``response_format``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import AnswerUnreadable
from pytest_llmeval.records.exchange import Json, Outcome
from pytest_llmeval.records.more import loads

if TYPE_CHECKING:
    from pytest_llmeval.records.exchange import Response

_SHOWN = 200
_N_NAMED = 3


def parsed(response: Response, form: object) -> Any:  # noqa: ANN401 - of the user's own type
    """Return the answer as a value.

    Args:
        response: whose text is read.
        form: a pydantic model, or another class that pydantic can validate; for anything else any JSON will do.

    Raises:
        AnswerUnreadable: the text is not of that form.
    """
    __tracebackhide__ = True
    try:
        return _validated(response.text, form) if isinstance(form, type) else loads(response.text)
    except ValueError as error:
        fault = _said(error)
    what = f"no {form.__name__}" if isinstance(form, type) else "no JSON"
    raise AnswerUnreadable(
        f"the answer is {what} (model {response.request.model!r})",
        found=f"{fault}, in {response.text[:_SHOWN]!r}",
        hint=_hint(response),
    )


def _validated(text: str, form: type) -> Any:  # noqa: ANN401 - as above
    from pydantic import TypeAdapter

    return TypeAdapter(form).validate_json(text)


def _said(error: ValueError) -> str:
    """Say in one line what is wrong; pydantic says it in a list."""
    errors: Json = getattr(error, "errors", None)
    if not callable(errors):
        return str(error)
    found = errors(include_url=False, include_input=False)
    named = [": ".join(filter(None, (".".join(map(str, one["loc"])), one["msg"]))) for one in found[:_N_NAMED]]
    rest = f" and {len(found) - _N_NAMED} more" if len(found) > _N_NAMED else ""
    return "; ".join(named) + rest


def _hint(response: Response) -> str:
    if response.outcome is Outcome.TRUNCATED:
        return "it was cut: raise max_tokens, or ask for less"
    if not response.text and response.tool_calls:
        return "it calls a tool in place of an answer: give the result back, and ask again"
    return "the model wrote it so: .text has it whole; not every model keeps to a schema"
