"""Replies as they came, in recordings and working cache: whole, guarded, and beside what was there before."""

import json
from dataclasses import replace

import pytest

from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.records import Request, Response, Wire
from pytest_llmeval.store.record import Damaged, from_line, to_line

WIRE = Wire(headers={"content-type": "application/json"}, body='{"a": "\\u00e4"}\n', first_s=0.25)


def stored(wire, *, kind="messages", messages=({"role": "user", "content": "Hi"},), text="Yes."):
    """A response as the engine leaves it."""
    request = Request(model="anthropic/m", messages=messages, trial=0, kind=kind)
    key = cache_key(request)
    return Response(
        text=text,
        request=request,
        key=key,
        recorded_at="2026",
        origin=origin(key, text, "2026", wire),
        wire=wire,
        provenance="replayed",
    )


def test_a_line_without_a_reply_is_what_it_always_was():
    """Neither field is written where there is none, and lines of an older version are read."""
    line = to_line(stored(None, kind=""))
    assert "wire" not in line
    assert "kind" not in line
    assert None is from_line(line).wire


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
