"""What of a request goes out under which name, whichever client sends it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from pytest_llmeval.calls.files import inlined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.records import Json, Request

EMBEDDINGS = "embeddings"
COUNTED: Mapping[str, Json] = MappingProxyType({"stream_options": {"include_usage": True}})
"""Asks a stream for its counts of tokens, which it leaves out otherwise; no part of the key: the answer is the same."""


def asked(request: Request) -> dict[str, Json]:
    """Return messages, or texts to embed, with the contents of files in the place of their digests.

    Raises:
        Fault: a file is not there any more, or has other contents.
    """
    if request.kind == EMBEDDINGS:
        return {"input": [message["content"] for message in request.messages]}
    return {"messages": inlined(request)}
