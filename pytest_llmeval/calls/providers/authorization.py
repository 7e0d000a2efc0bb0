"""The key that goes over the direct wire; read when a call is made: its test may have set it for itself only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmeval.records import Request

OPENAI_API_BASE = "https://api.openai.com/v1"


def authorization(request: Request) -> str:
    """Return the Authorization header of a request over the direct wire; empty: none is sent.

    Raises:
        UsageError: the endpoint wants a key and there is none, or it cannot be sent.
    """
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key:
        if request.api_base:
            return ""
        raise UsageError(
            f"no key for model {request.model!r}",
            found=f"OPENAI_API_KEY is not set, and {OPENAI_API_BASE} wants one",
            hint="set OPENAI_API_KEY, or llmeval_api_base to an endpoint that wants none",
        )
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            "OPENAI_API_KEY cannot be sent",
            found="it holds a line break or a character outside ASCII",
            hint="set it anew; it is one word",
        )
    return f"Bearer {key}"
