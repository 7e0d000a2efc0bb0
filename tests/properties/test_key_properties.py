"""What holds for every request and every answer, not only for those we thought of."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.calls.key import cache_key, difference, origin
from pytest_llmeval.records import Request, Response
from pytest_llmeval.store.recordings import Recordings
from pytest_llmeval.store.sqlite import SqliteCache

# Everything that JSON can bring: NUL, line separators, lone surrogates. A pair of surrogates is one character to JSON.
ANY_TEXT = st.text(st.characters(exclude_categories=())).map(lambda text: json.loads(json.dumps(text)))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(ANY_TEXT, v, max_size=3))
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": ANY_TEXT}), max_size=3
).map(tuple)
REQUESTS = st.builds(
    Request,
    model=ANY_TEXT.filter(lambda model: not model.startswith("litellm/")),
    messages=MESSAGES,
    settings=st.dictionaries(ANY_TEXT, VALUES, max_size=3),
    api_base=st.sampled_from(["", "http://a/v1", "http://b/v1"]),
    namespace=ANY_TEXT,
    trial=st.none() | st.integers(0, 9),
    repeat=st.integers(0, 9),
)


def written(request):
    """A request as JSON, where 1, 1.0 and true are three things."""
    fields = [request.model, request.messages, dict(request.settings), request.api_base, request.namespace]
    return json.dumps([*fields, request.trial, request.repeat], sort_keys=True)


@given(REQUESTS, REQUESTS)
def test_two_requests_share_a_key_only_if_they_are_the_same(one, other):
    """And a difference is named exactly where there is one."""
    is_same = written(one) == written(other)
    assert (cache_key(one) == cache_key(other)) is is_same
    assert (difference(one, other) == []) is is_same


@given(
    REQUESTS, st.sampled_from(["model", "messages", "settings", "api_base", "namespace", "trial", "repeat"]), st.data()
)
def test_a_change_of_any_one_field_changes_the_key(request_, field, data):
    """No field is forgotten."""
    changed = replace(request_, **{field: getattr(data.draw(REQUESTS), field)})
    assert (cache_key(changed) == cache_key(request_)) is (written(changed) == written(request_))


@given(REQUESTS)
def test_the_order_of_settings_does_not_count(request_):
    """Nor does that of a message's fields."""
    turned = replace(
        request_,
        settings=dict(reversed(request_.settings.items())),
        messages=tuple(dict(reversed(message.items())) for message in request_.messages),
    )
    assert cache_key(turned) == cache_key(request_)
    assert difference(turned, request_) == []


@given(REQUESTS, ANY_TEXT)
def test_both_stores_give_back_what_they_were_given(request_, text):
    """Request and text, character for character (FAULTS 18)."""
    key = cache_key(request_)
    response = Response(text=text, request=request_, key=key, recorded_at="2026", origin=origin(key, text, "2026"))
    with tempfile.TemporaryDirectory() as folder:
        working = SqliteCache(Path(folder) / "working" / "llmeval.db")
        Recordings(Path(folder) / "test_a.jsonl", on_first_write=str).put(response)
        working.put(response)
        stores = (Recordings(Path(folder) / "test_a.jsonl", on_first_write=str), working)
        found = [store.get(key, request_) for store in stores]
        stored = [store.nearest(request_) for store in stores]
        working.close()
    assert [one.text for one in found] == [text, text]
    assert [one.request is request_ for one in found] == [True, True]
    assert [written(one) for one in stored] == [written(request_)] * 2
