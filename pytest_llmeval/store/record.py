"""One stored response as one line of JSON: the form that recordings and working cache share.

What is stored is an allow-list: a field that is not written here by name is never on disk, least of all a header, a
key or the environment (FAULTS 23). Reading builds plain values only (FAULTS 24).
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from pytest_llmeval.calls.key import KEY_VERSION, cache_key, origin
from pytest_llmeval.records import Json, Outcome, Provenance, Request, Response, Wire

if TYPE_CHECKING:
    from pathlib import Path


_LONG = 10_000  # characters; a line that is shorter holds no file that is longer


class Damaged(ValueError):
    """A line that reads well, but whose origin does not fit its text: edited by hand, or rotten."""


def to_line(response: Response) -> str:
    """Write a response as one line of ASCII without its line end; equal responses give equal bytes.

    ASCII, so that neither a lone surrogate nor U+2028 can break the file or a line-wise merge.
    """
    request, wire = response.request, response.wire
    record: dict[str, Json] = {
        "v": KEY_VERSION,
        "key": response.key,
        "origin": response.origin,
        "recorded_at": response.recorded_at,
        "request": {
            "model": request.model,
            "messages": [dict(message) for message in request.messages],
            "settings": dict(request.settings),
            "api_base": request.api_base,
            "namespace": request.namespace,
            "trial": request.trial,
            "repeat": request.repeat,
        },
        "response": {
            "text": response.text,
            "outcome": response.outcome.value,
            "model": response.model,
            "fingerprint": response.fingerprint,
            "n_input_tokens": response.n_input_tokens,
            "n_output_tokens": response.n_output_tokens,
            "latency_s": round(response.latency_s, 3),
            "cost_usd": response.cost_usd,
        },
    }
    # Only where there is one, so that the lines of calls through ``llm`` are what they always were.
    if request.kind:
        record["request"]["kind"] = request.kind
    if wire is not None:
        record["wire"] = {"headers": dict(wire.headers), "body": wire.body, "first_s": wire.first_s}
    if response.more:
        record["more"] = dict(response.more)
    return json.dumps(record, sort_keys=True, ensure_ascii=True, allow_nan=False)


def from_line(line: str | bytes) -> Response:
    """Read a line back; its key is computed anew where an older version wrote it.

    Raises:
        Damaged: the origin does not fit.
        ValueError: no JSON, or not the form that ``to_line`` writes; the message says what is wrong.
    """
    record = json.loads(line, parse_constant=_refuse_constant)
    try:
        response = _response(record)
        draw = response.text, response.recorded_at, response.wire, response.more
        is_whole = response.origin == origin(_text(record["key"]), *draw)
    except KeyError as error:
        raise ValueError(f"no field {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"a field of the wrong type: {error}") from error
    if not is_whole:
        raise Damaged(f"origin {response.origin!r} does not fit the text")
    return _without_files(response) if len(line) > _LONG else response


def _without_files(response: Response) -> Response:
    """Return an answer to messages that hold files, as older versions wrote it, under the key of their digests."""
    from pytest_llmeval.calls.files import by_reference

    messages, files = by_reference(response.request.messages, None, has_paths=False)
    if not files:
        return response
    request = replace(response.request, messages=messages)
    return replace(response, request=request, key=cache_key(request))


def _response(record: Json) -> Response:
    asked, answered = record["request"], record["response"]
    request = Request(
        model=_text(asked["model"]),
        messages=tuple(dict(message) for message in asked["messages"]),
        settings=dict(asked["settings"]),
        api_base=_text(asked["api_base"]),
        namespace=_text(asked["namespace"]),
        trial=asked["trial"],
        repeat=asked["repeat"],
        kind=_text(asked.get("kind", "")),
    )
    return Response(
        text=_text(answered["text"]),
        request=request,
        outcome=Outcome(answered["outcome"]),
        model=_text(answered["model"]),
        fingerprint=_text(answered["fingerprint"]),
        n_input_tokens=answered["n_input_tokens"],
        n_output_tokens=answered["n_output_tokens"],
        latency_s=float(answered["latency_s"]),
        cost_usd=answered["cost_usd"],
        recorded_at=_text(record["recorded_at"]),
        key=_text(record["key"]) if record["v"] == KEY_VERSION else cache_key(request),
        origin=_text(record["origin"]),
        provenance=Provenance.REPLAYED,
        wire=_wire(record["wire"]) if "wire" in record else None,
        more=dict(record["more"]) if "more" in record else None,
    )


def _wire(stored: Json) -> Wire:
    headers = {name: _text(value) for name, value in stored["headers"].items()}
    first_s = stored["first_s"]
    return Wire(headers=headers, body=_text(stored["body"]), first_s=None if first_s is None else float(first_s))


def shown(path: Path) -> str:
    """Name a path as the user would type it: relative if it is below the working folder."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
