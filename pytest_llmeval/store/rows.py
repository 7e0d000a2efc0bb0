"""One stored response as a row of the working cache: one body, sealed, so that a hit reads and checks one thing.

Made for speed: a hit looks at nothing of the request that is stored, since the asker has it. What is stored is an
allow-list, as in ``record.py`` (FAULTS 23), and reading builds plain values only (FAULTS 24).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.records import Json, Outcome, Provenance, Request, Response, Wire
from pytest_llmeval.records.exchange import canonical
from pytest_llmeval.store.deflate import deflated, inflated

_HEAD_HEX_DIGITS = 16
_TEXT = ("utf-8", "surrogatepass")  # an answer may hold half a surrogate pair (FAULTS 18)
_SEAL_BYTES = 8
# Bytes of the text and of the names; characters of the origin and of the model's name; outcome; tokens of prompt and
# answer, -1 for None; latency in ms; price in US dollars, NaN for None. No padding.
_FACTS = struct.Struct("<IIBIBiiId")
_NAMES_AT = _SEAL_BYTES + _FACTS.size
_OUTCOMES = (Outcome.OK, Outcome.EMPTY, Outcome.TRUNCATED, Outcome.FILTERED)  # their places are stored: only append
_OUTCOME_PLACES = {outcome: place for place, outcome in enumerate(_OUTCOMES)}
_MOST_TOKENS = 2**31 - 1
_MOST_S = 4e6  # six weeks; its milliseconds have 32 bits
_NAN = float("nan")
_PLAIN = {"role": None, "content": None}.keys()  # of nearly every message, which is stored as its two values
_REPLAYED = Provenance.REPLAYED
_ENDS_WITH_REST = b"}]"  # what follows the text ends with the messages, "]]", unless more of the answer follows them


class Row(NamedTuple):
    """What is stored of a response.

    Args:
        recorded_at: when it was asked, ISO 8601 in UTC.
        body: the seal; numbers (``_FACTS``); origin, model and fingerprint; and deflated the text, with behind it the
            JSON of what of the request is not in the setup, and of what the answer holds beside its text: the reply as
            it came, and ``Response.more``, where there are any.
    """

    recorded_at: str
    body: bytes


def head(key: str) -> int:
    """Return the first 63 bits of a key, by which its row is found; the seal tells two keys apart that share them."""
    return int(key[:_HEAD_HEX_DIGITS], 16) >> 1


def to_row(response: Response) -> tuple[Row, str]:
    """Return the row of a response, and its setup as JSON: the part of the request that many requests share."""
    setup, asked = _in_two(response)
    text = response.text.encode(*_TEXT)
    names = (response.origin + response.model + response.fingerprint).encode(*_TEXT)
    facts = _FACTS.pack(
        len(text),
        len(names),
        len(response.origin),
        len(response.model),
        _OUTCOME_PLACES[response.outcome],
        _counted(response.n_input_tokens),
        _counted(response.n_output_tokens),
        round(min(max(response.latency_s, 0.0), _MOST_S) * 1000),
        response.cost_usd if isinstance(response.cost_usd, float) else _NAN,
    )
    content = facts + names + deflated(text + asked.encode("ascii"))
    seal = _seal(response.key, response.recorded_at.encode(), content)
    return Row(response.recorded_at, seal + content), setup


def to_response(recorded_at: bytes, body: bytes, key: str, request: Request) -> Response | None:
    """Return the response that a row holds to a request; None where the row is damaged, or another key's."""
    if not isinstance(body, bytes) or _seal(key, recorded_at, body[_SEAL_BYTES:]) != body[:_SEAL_BYTES]:
        return None
    facts = _FACTS.unpack_from(body, _SEAL_BYTES)
    n_text_bytes, n_names_bytes, n_origin, n_model, outcome, n_input, n_output, latency_ms, cost_usd = facts
    text_at = _NAMES_AT + n_names_bytes
    names = body[_NAMES_AT:text_at].decode(*_TEXT)
    response = object.__new__(Response)
    # Not by its __init__: a frozen dataclass sets field by field through a function, and takes six times as long.
    fields = response.__dict__
    content = inflated(body[text_at:])
    fields["text"] = content[:n_text_bytes].decode(*_TEXT)
    fields["wire"] = None
    if content.endswith(_ENDS_WITH_REST):
        fields["wire"], fields["more"] = _rest(content[n_text_bytes:])
    fields["request"] = request
    fields["outcome"] = _OUTCOMES[outcome]
    fields["model"] = names[n_origin : n_origin + n_model]
    fields["fingerprint"] = names[n_origin + n_model :]
    fields["n_input_tokens"] = None if n_input < 0 else n_input
    fields["n_output_tokens"] = None if n_output < 0 else n_output
    fields["latency_s"] = latency_ms / 1000
    fields["cost_usd"] = None if cost_usd != cost_usd else cost_usd  # noqa: PLR0124  (only NaN differs from itself)
    fields["recorded_at"] = _moment(recorded_at)
    fields["key"] = key
    fields["origin"] = names[:n_origin]
    fields["provenance"] = _REPLAYED
    return response


@lru_cache(maxsize=256)
def _moment(recorded_at: bytes) -> str:
    """Return a row's time as text, one for the rows of a second."""
    return recorded_at.decode()


def to_request(recorded_at: bytes, body: bytes, setup: bytes) -> Request | None:
    """Return the request that a row holds; None where the row or its setup is damaged.

    Args:
        recorded_at: as in the row.
        body: as in the row.
        setup: deflated.
    """
    try:
        n_text_bytes, n_names_bytes, *_ = _FACTS.unpack_from(body, _SEAL_BYTES)
        asked = inflated(body[_NAMES_AT + n_names_bytes :])[n_text_bytes:]
        request = _in_one(json.loads(inflated(setup)), json.loads(asked))
        is_whole = _seal(cache_key(request), recorded_at, body[_SEAL_BYTES:]) == body[:_SEAL_BYTES]
    except (struct.error, ValueError, TypeError, AttributeError, LlmevalError):
        return None
    return request if is_whole else None


def _in_two(response: Response) -> tuple[str, str]:
    """Write a request as two texts of JSON: what the requests of a suite share, its system prompt too, and the rest.

    Behind the rest stands what the answer holds beside its text.
    """
    request, wire = response.request, response.wire
    messages = [_shortened(message) for message in request.messages]
    n_shared = 0
    while n_shared < len(messages) and request.messages[n_shared].get("role") == "system":
        n_shared += 1
    shared = [request.model, request.api_base, request.namespace, dict(request.settings), messages[:n_shared]]
    own: list[Json] = [request.trial, request.repeat, messages[n_shared:]]
    # Only where there is one: rows without are what older versions write and read.
    shared += [request.kind] if request.kind else []
    rest: dict[str, Json] = {"headers": dict(wire.headers), "body": wire.body, "first_s": wire.first_s} if wire else {}
    if response.more:
        rest["more"] = dict(response.more)
    own += [rest] if rest else []
    return canonical(shared), canonical(own)


def _rest(asked: bytes) -> tuple[Wire | None, Json]:
    """Read what an answer holds beside its text."""
    rest = json.loads(asked)[-1]
    more = rest.pop("more", None)
    return Wire(**rest) if rest else None, more


def _in_one(shared: list[Json], own: list[Json]) -> Request:
    model, api_base, namespace, settings, first_messages, *kind = shared
    trial, repeat, messages = own[:3]
    return Request(
        model=model,
        messages=tuple(
            message if isinstance(message, dict) else dict(zip(_PLAIN, message, strict=True))
            for message in (*first_messages, *messages)
        ),
        settings=settings,
        api_base=api_base,
        namespace=namespace,
        trial=trial,
        repeat=repeat,
        kind=kind[0] if kind else "",
    )


def _counted(n_tokens: int | None) -> int:
    """Return a count that has its 31 bits; what has not is no count, whatever a provider or an edited line says."""
    return n_tokens if isinstance(n_tokens, int) and 0 <= n_tokens <= _MOST_TOKENS else -1


def _shortened(message: Mapping[str, Json]) -> Json:
    return [message["role"], message["content"]] if message.keys() == _PLAIN else dict(message)


def _seal(key: str, recorded_at: bytes, content: bytes) -> bytes:
    """Return 64 bits that change with anything in a row: against damage and hand edits, not against a forger."""
    return sha256(b"%b%b%b" % (key.encode("ascii"), recorded_at, content)).digest()[:_SEAL_BYTES]
