"""Whatever a provider sends, it is stored and comes back."""

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.records import Wire
from pytest_llmeval.store.deflate import deflated
from pytest_llmeval.store.record import from_line, to_line
from pytest_llmeval.store.rows import to_request, to_response, to_row
from tests.unit.test_store_wire import stored

_TEXTS = st.text(st.characters(codec=None), max_size=30)
_WIRES = st.none() | st.builds(
    Wire, headers=st.dictionaries(_TEXTS, _TEXTS, max_size=2), body=_TEXTS, first_s=st.none() | st.floats(0, 100)
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXTS, inner, max_size=2),
    max_leaves=5,
)
_MORE = st.none() | st.dictionaries(_TEXTS, _JSON, min_size=1, max_size=3)
_MESSAGES = st.lists(st.dictionaries(_TEXTS, _TEXTS, max_size=2), max_size=2).map(tuple)


@given(_WIRES, _MORE, st.sampled_from(["", "messages"]), _MESSAGES, _TEXTS)
def test_a_reply_comes_back_as_it_was(wire, more, kind, messages, text):
    """From a line and from a row, whatever is in it and beside its text; lone surrogates too."""
    response = stored(wire, more=more, kind=kind, messages=messages, text=text)
    assert response == from_line(to_line(response))
    row, setup = to_row(response)
    assert response == to_response(row.recorded_at.encode(), row.body, response.key, response.request)
    assert response.request == to_request(row.recorded_at.encode(), row.body, deflated(setup.encode()))
