"""Replies as they came, in recordings and working cache: whole, guarded, and beside what was there before."""

import json
import struct
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256

import pytest

from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.records import Request, Response, Wire
from pytest_llmeval.store.deflate import inflated
from pytest_llmeval.store.record import Damaged, from_line, to_line
from pytest_llmeval.store.rows import to_row

WIRE = Wire(headers={"content-type": "application/json"}, body='{"a": "\\u00e4"}\n', first_s=0.25)


MORE = {"tool_calls": [{"id": "1", "name": "find", "arguments": "{}"}], "first_token_s": 0.1}


def stored(wire, *, more=None, kind="messages", messages=({"role": "user", "content": "Hi"},), text="Yes."):
    """A response as the engine leaves it."""
    request = Request(model="anthropic/m", messages=messages, trial=0, kind=kind)
    key = cache_key(request)
    return Response(
        text=text,
        request=request,
        key=key,
        recorded_at="2026",
        origin=origin(key, text, "2026", wire, more),
        wire=wire,
        more=more,
        provenance="replayed",
    )


def test_a_line_without_a_reply_is_what_it_always_was():
    """Neither field is written where there is none, and lines of an older version are read."""
    line = to_line(stored(None, kind=""))
    assert {"wire", "kind", "more"}.isdisjoint(json.loads(line).keys() | json.loads(line)["request"].keys())
    assert (None, None) == (from_line(line).wire, from_line(line).more)


def test_a_row_without_more_is_what_it_always_was():
    """Written by part 1 of this package, byte by byte but for the coder; such rows are read for ever."""
    row, setup = to_row(stored(None, kind=""))
    assert '["anthropic/m","","",{},[]]' == setup
    assert inflated(row.body[_names_end(row.body) :]) == b'Yes.[0,0,[["user","Hi"]]]'


def _names_end(body):
    """Where the names of a row end, and its text begins."""
    n_names_bytes = struct.unpack_from("<II", body, 8)[1]
    return 8 + struct.calcsize("<IIBIBiiId") + n_names_bytes


@pytest.mark.parametrize("other", [{"tool_calls": []}, {"first_token_s": 0.2}])
def test_what_stands_beside_a_text_is_vouched_for_as_well(other):
    """A call of a tool that was edited by hand is no answer of the model."""
    response = stored(None, more=MORE)
    with pytest.raises(Damaged):
        from_line(to_line(replace(response, more={**MORE, **other})))


def test_a_line_with_a_long_file_in_it_is_found_by_the_digest_of_the_file():
    """Older versions wrote it whole, into key and line; the same question finds it still."""
    url = "data:image/png;base64," + b64encode(bytes(9000)).decode()
    message = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}
    found = from_line(to_line(stored(None, kind="", messages=(message,))))
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;sha256,{sha256(bytes(9000)).hexdigest()}"}}
    assert ({"role": "user", "content": [part]},) == found.request.messages
    assert cache_key(found.request) == found.key


@pytest.mark.parametrize("other", [{"body": "{}"}, {"headers": {"content-type": "text/html"}}])
def test_a_reply_that_was_edited_is_damaged(other):
    """Its origin vouches for what the application is given, not for the text alone."""
    response = stored(WIRE)
    with pytest.raises(Damaged):
        from_line(to_line(replace(response, wire=replace(WIRE, **other))))


@pytest.mark.parametrize("wire", ["1", "null", '{"headers": [], "body": "", "first_s": null}', '{"headers": {}}'])
def test_a_reply_of_another_form_is_a_broken_line(wire):
    """It is told with file and line, like every other."""
    line = json.loads(to_line(stored(WIRE)))
    line["wire"] = json.loads(wire)
    with pytest.raises(ValueError, match="field"):
        from_line(json.dumps(line))
