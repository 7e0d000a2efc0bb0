"""What a request may not carry, and what no error text may show."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from pytest_llmeval.records import Json, Request

# Settings are stored with the request, some of them in git. Names are compared in lower case, with "_" for "-".
_SECRET_SETTING = re.compile(
    r"(.*_)?(api_?key|access_key(_id)?|secret(_.*)?|password|passwd|credentials?|authorization|bearer"
    r"|(access|auth|session|ad|id|refresh)_token)|token|(extra_|default_)?headers|cookies?"
)
_SECRET_VARIABLE = re.compile(r".*(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)")
_MIN_SECRET_LENGTH = 8  # shorter values ("true", "1") are words of the message, not secrets
MASK = "***"
_LONGEST_EXCERPT = 300
# Endpoints that were looked at before: a suite has one or two, and a replayed call must not parse an address.
_PROVEN: set[str] = set()
_MOST_PROVEN = 100


def refuse(request: Request) -> None:
    """Stop a request that would store a secret.

    Raises:
        UsageError: a setting whose name is a secret's, or credentials in ``api_base``.
    """
    if request.api_base in _PROVEN and not request.settings:
        return
    for name in _names(request.settings):
        if is_secret_name(str(name)):
            raise UsageError(
                f"setting {name!r} may hold a secret and is refused",
                found="settings are part of the cache key and stored with the answer, also in git",
                hint="give keys by environment (OPENAI_API_KEY, ANTHROPIC_API_KEY, ...)",
            )
    address = _address(request)
    if address.username or address.password or address.query or address.fragment:
        raise UsageError(
            f"api_base of model {request.model!r} carries more than an address",
            found=f"user, password or query beside {address.scheme}://{address.hostname}; it would be stored",
            hint="give only scheme, host, port and path; keys by environment",
        )
    if len(_PROVEN) < _MOST_PROVEN:
        _PROVEN.add(request.api_base)


def is_secret_name(name: str) -> bool:
    """Whether a setting of that name may hold a secret."""
    return _SECRET_SETTING.fullmatch(name.lower().replace("-", "_")) is not None


def _address(request: Request) -> SplitResult:
    """Take an endpoint apart; one that is none is not shown: it may be a key that was put in the wrong place."""
    try:
        address = urlsplit(request.api_base)
        _ = address.port  # raises where it is no port
        is_address = not request.api_base or (address.scheme in {"http", "https"} and bool(address.hostname))
    except ValueError:
        is_address = False
    if not is_address:
        raise UsageError(
            f"api_base of model {request.model!r} is no address",
            found="it does not begin with http:// or https:// and a host, or its port is none",
            hint="write it with its scheme and path, such as http://127.0.0.1:8000/v1",
        )
    return address


def address_only(api_base: str) -> str:
    """Return an endpoint without what may be a secret in it: user, password, query, key; empty where it is none."""
    try:
        address = urlsplit(api_base)
        port = f":{address.port}" if address.port else ""
    except ValueError:
        return ""
    shown = f"{address.scheme}://{address.hostname}{port}{address.path}"
    return masked(shown) if address.scheme and address.hostname else ""


def _names(value: Json) -> Iterator[str]:
    """Every name in a setting, however deep it stands."""
    if isinstance(value, Mapping):
        yield from value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _names(part)


def excerpt(text: str) -> str:
    """Return the head of a provider's text as a literal: no secret of the environment, no control sequence."""
    return repr(masked(text)[:_LONGEST_EXCERPT])


def masked(text: str) -> str:
    """Replace the value of every environment variable that is named like a secret by ``***``."""
    for name, value in os.environ.items():
        secret = value.strip()
        if len(secret) >= _MIN_SECRET_LENGTH and is_secret(name):
            text = text.replace(secret, MASK)
    return text


def without_password(text: str) -> str:
    """Replace the password in an address, such as a database's, by ``***``."""
    return re.sub(r"(://[^/\s:@]*):.*@", rf"\1:{MASK}@", text)


def is_secret(variable: str) -> bool:
    """Whether an environment variable is named like one that holds a secret."""
    return _SECRET_VARIABLE.fullmatch(variable.upper()) is not None


def said(error: BaseException) -> str:
    """Return an error in one line for the session file, without a key."""
    try:
        text = str(error).strip().partition("\n")[0]
    except Exception:  # noqa: BLE001 - a user's exception may fail to describe itself
        text = "(it cannot be printed)"
    return masked(f"{type(error).__name__}: {text}")
