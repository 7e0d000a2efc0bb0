"""A fresh random word in every live call to a judge, where its request has a mark: who has not read it cannot say it.

The request that is keyed, stored and shown holds the mark, so equal questions stay equal. The word is kept with the
answer (``Response.more["nonce"]``), so that what was echoed can be verified when it is replayed (FAULTS 22).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.records import digest

if TYPE_CHECKING:
    from pytest_llmeval.records import Json, Request, Response

NONCE = "nonce"
_LETTERS = "bcdfghjkmnpqrstvwxz"  # no vowel, so no word of any language
_LENGTH = 16  # 68 bits
_MARK = re.compile(r"llmeval-mark-[a-p]{32}")
_AS_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def mark_for(material: Json) -> str:
    """Return the text that stands for the nonce in a request made of this material.

    It is a digest of all of it, so no part of the material can hold it: a text that contained its own digest would have
    to be found among 2^128. It has no digits, which a redaction would take for somebody's number.

    Args:
        material: everything that goes into the request.
    """
    return "llmeval-mark-" + digest(material)[:32].translate(_AS_LETTERS)


def marked(request: Request) -> tuple[Request, str]:
    """Return a request as it is sent, and its nonce; as it is and empty, where its system message has no mark.

    Only a judge's request has one: what the user's own tests write is sent as it stands.
    """
    first = request.messages[0] if request.messages else {}
    text = first.get("content")
    if request.trial is not None or first.get("role") != "system" or not isinstance(text, str):
        return request, ""
    found = _MARK.search(text)
    if found is None:
        return request, ""
    import secrets

    nonce = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    messages = tuple(
        {**message, "content": content.replace(found[0], nonce)}
        if isinstance(content := message.get("content"), str)
        else message
        for message in request.messages
    )
    return replace(request, messages=messages), nonce


def unmarked(response: Response, request: Request, nonce: str) -> Response:
    """Return an answer to the request as it is keyed, with the nonce that it was asked with."""
    if not nonce:
        return response
    return replace(response, request=request, more={**(response.more or {}), NONCE: nonce})


def lacks_echo(response: Response) -> bool:
    """Whether an answer that was asked with a nonce does not hold it."""
    nonce = nonce_of(response)
    return bool(nonce) and nonce not in response.text


def nonce_of(response: Response) -> str:
    """Return the nonce that an answer was asked with; empty where there was none."""
    return str((response.more or {}).get(NONCE, ""))
