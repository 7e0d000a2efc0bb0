"""A judge's nonce in recordings and working cache: kept, guarded, and nothing of it where there is none."""

import json
from dataclasses import replace

import pytest

from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.calls.nonce import nonce_of
from pytest_llmeval.records import Provenance, Request, Response, Wire
from pytest_llmeval.store.record import Damaged, from_line, to_line
from pytest_llmeval.store.sqlite import SqliteCache

REQUEST = Request(model="openai/j", messages=({"role": "user", "content": "Hi"},))
WIRE = Wire(headers={"content-type": "application/json"}, body="{}", first_s=None)


def stored(more, wire=None):
    """A reply as the engine leaves it."""
    key = cache_key(REQUEST)
    return Response(
        text="Yes.",
        request=REQUEST,
        key=key,
        recorded_at="2026-01-01T00:00:00.000000Z",
        origin=origin(key, "Yes.", "2026-01-01T00:00:00.000000Z", wire, more),
        more=more,
        wire=wire,
        provenance=Provenance.REPLAYED,
    )


@pytest.mark.parametrize("wire", [None, WIRE])
@pytest.mark.parametrize("more", [None, {"nonce": "bcdf"}])
def test_both_stores_give_back_what_they_were_given(tmp_path, more, wire):
    """With and without a nonce, and a reply as it came."""
    response = stored(more, wire)
    assert response == from_line(to_line(response))
    cache = SqliteCache(tmp_path / ".llmeval" / "llmeval.db")
    cache.put(response)
    assert response == cache.get(response.key, REQUEST)
    assert ((more or {}).get("nonce") or "") == nonce_of(cache.get(response.key, REQUEST))
    cache.close()


def test_a_line_without_a_nonce_is_what_it_always_was():
    """Old recordings stay as they are, and are read."""
    line = to_line(stored(None))
    assert "more" not in json.loads(line)
    assert stored(None).origin == origin(cache_key(REQUEST), "Yes.", "2026-01-01T00:00:00.000000Z")


def test_a_nonce_that_was_edited_is_damage():
    """Else another reply could be passed off as the judge's."""
    response = stored({"nonce": "bcdf"})
    with pytest.raises(Damaged):
        from_line(to_line(replace(response, more={"nonce": "other"})))
