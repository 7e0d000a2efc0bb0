"""The live line: what it says, and that it leaves no trace on the terminal."""

from __future__ import annotations

from pytest_llmeval.exports.progress import LiveLine, Progress
from pytest_llmeval.records import CaseId, CaseResult, Provenance, Request, Response, Trial


def answer(provenance: Provenance, cost_usd: float | None = None) -> Response:
    """An answer that came from somewhere."""
    request = Request(model="openai/m", messages=())
    return Response(text="", request=request, provenance=provenance, cost_usd=cost_usd)


def test_it_counts_what_has_landed():
    """Bought and replayed apart, the judge's calls too; a replayed answer costs nothing now."""
    calls = (answer(Provenance.LIVE, 0.25), answer(Provenance.REPLAYED, 9.0))
    trial = Trial(index=0, calls=calls, judge_calls=(answer(Provenance.REFRESHED),))
    progress = Progress()
    progress.note(CaseResult(nodeid="t", id=CaseId("t"), trials=(trial,)))

    assert (1, 1, 2, 0.25) == (progress.n_landed, progress.n_replayed, progress.n_bought, progress.cost_usd)
    assert "7 calls in flight, 1 landed, 1 replayed, $0.2500 spent" == progress.text("7 calls in flight")


def test_the_cursor_is_where_it_was_and_the_text_is_erased():
    """What pytest prints next stands as if there had been no line."""
    written: list[str] = []
    line = LiveLine(written.append, lambda: 80)

    line.draw("3 calls in flight")
    line.erase()
    line.erase()

    assert ["  3 calls in flight\x1b[19D", "\x1b[K"] == written


def test_it_keeps_to_the_room_there_is():
    """Never past the last column, where a terminal would wrap; not at all where there is hardly any."""
    written: list[str] = []
    LiveLine(written.append, lambda: 15).draw("3 calls in flight, 9 landed")
    LiveLine(written.append, lambda: 8).draw("3 calls in flight, 9 landed")

    assert ["  3 calls in f\x1b[14D"] == written
