"""A stream is the same whatever parts the network cuts it into."""

import json

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.calls.providers.stream import Events

_DATA = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=10).map(lambda text: json.dumps({"a": text})), max_size=5
)


@given(_DATA, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["data: ", "data:"]), st.data())
def test_events_are_read_whole_however_they_are_cut(data, line_end, prefix, draw):
    """Comments and other fields are passed over; the last event needs no empty line."""
    body = "".join(f": ping{line_end}event: chunk{line_end}{prefix}{one}{line_end}{line_end}" for one in data).encode()
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(body)), max_size=5)))
    events, found = Events(), []
    for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
        found += events.feed(body[start:end])
    found += events.end()
    assert data == [one.decode() for one in found]


def test_an_event_of_several_lines_is_one_and_the_last_needs_no_end():
    """As the standard has it; and as some servers end."""
    events = Events()
    assert [b"a\nb"] == list(events.feed(b"data: a\ndata: b\n\ndata: c"))
    assert [b"c"] == list(events.end())
