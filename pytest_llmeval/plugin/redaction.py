"""The users' own hook ``pytest_llmeval_redact`` as one function, in which every plug-in that has it takes part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from pluggy import HookImpl

    from pytest_llmeval.calls.redaction import Redact


def redact_of(item: pytest.Item) -> Redact | None:
    """Return what redacts an item's requests and answers, None where nobody does.

    A ``conftest.py`` speaks for the tests below it, as with any hook.
    """
    # pluggy calls the last registered first: the innermost conftest.py sees the text as it was written.
    own = item.ihook.pytest_llmeval_redact.get_hookimpls()[::-1]
    return (lambda text: _through(own, text)) if own else None


def _through(redactors: Sequence[HookImpl], text: str) -> str:
    for redactor in redactors:
        if redactor.hookwrapper or redactor.wrapper:
            raise _failure(redactor, "it is a wrapper, which has no text to return")
        try:
            found = redactor.function(*(text for _ in redactor.argnames))
        except Exception as error:  # noqa: BLE001 - a user's code; what it says may hold the very text
            raise _failure(redactor, f"it raised {type(error).__name__}") from None
        if not isinstance(found, str):
            raise _failure(redactor, f"it returned {type(found).__name__}, and not text")
        text = found
    return text


def _failure(redactor: HookImpl, found: str) -> UsageError:
    return UsageError(
        f"a hook pytest_llmeval_redact failed, in {redactor.plugin_name!r}",
        found=f"{found}; the text is not sent, not stored and not shown",
        hint="let it return the text, changed or as it is",
    )
