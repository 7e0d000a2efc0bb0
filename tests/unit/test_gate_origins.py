"""Where draws came from: fresh, the baseline's own, or stale."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pytest_llmeval.gate.origins import origin_sentences, origins_of, stale_cases, stale_sentences
from pytest_llmeval.records import CaseId, CaseResult, Provenance, Trial
from tests.unit.gate_lines import TEST, baseline, line
from tests.unit.sessions import answer

NOW = datetime(2026, 6, 15, tzinfo=UTC)
EU, US = CaseId(TEST, "eu"), CaseId(TEST, "us")


def _result(id_, *calls):
    return CaseResult(nodeid=str(id_), id=id_, trials=(Trial(index=0, calls=calls),))


def _recorded(at, fingerprint="", provenance=Provenance.REPLAYED):
    return replace(answer("text", provenance=provenance), recorded_at=at, fingerprint=fingerprint)


def test_a_draw_that_two_checks_judge_counts_once_and_is_new_if_it_is_for_one_of_them():
    """A metric that was added has no baseline for it."""
    stored = baseline(line("eu", [1.0, 1.0], origins=["a", "b"]))
    now = [
        line("eu", [1.0, 1.0, 1.0], origins=["a", "b", "c"]),
        line("eu", [1.0], metric="new", origins=["a"]),
        line("us", [1.0, 1.0]),
    ]
    eu, us = origins_of(stored, now, [], now=NOW)

    assert (2, 1, False) == (eu.n_fresh, eu.n_replayed, eu.is_replayed)
    assert (2, 0) == (us.n_fresh, us.n_replayed)
    assert ("of 2 cases 2 fresh, 0 replayed from the baseline's own recordings",) == origin_sentences([eu, us])


@pytest.mark.parametrize(
    ("at", "is_stale"), [("2026-06-05T00:00:00Z", False), ("2026-06-04T23:59:59Z", True), ("", False)]
)
def test_a_recording_is_stale_after_its_days(at, is_stale):
    """Ten days; one without a date cannot be told."""
    found = origins_of(baseline(), [line("eu", [1.0])], [_result(EU, _recorded(at))], now=NOW, max_age_days=10)

    assert is_stale is bool(found[0].stale)


def test_a_recording_of_another_build_is_stale():
    """The provider changed the model under its name between the two recordings."""
    old, new = _recorded("2026-06-01T00:00:00Z", "fp_1"), _recorded("2026-06-02T00:00:00Z", "fp_2")
    lines = [line("eu", [1.0]), line("us", [1.0])]
    eu, us = origins_of(baseline(), lines, [_result(EU, old), _result(US, new)], now=NOW)

    assert "recorded with another build of openai/smollm2 than its newest recording" == eu.stale
    assert "" == us.stale
    assert f"1 case stale: {eu.stale} ({EU})" == origin_sentences([eu, us])[1]
    assert {EU: eu.stale} == stale_cases([_result(EU, old), _result(US, new)], now=NOW)


def test_stale_cases_are_counted_by_reason_and_three_are_named():
    """The most common reason first."""
    stale = {CaseId(TEST, str(n)): "too old" for n in range(5)} | {EU: "another build"}

    assert (
        f"5 cases stale: too old ({TEST}[0], {TEST}[1], {TEST}[2] and 2 more)",
        f"1 case stale: another build ({EU})",
    ) == stale_sentences(stale)


def test_an_answer_of_today_is_never_stale():
    """Whatever build it is of."""
    live = _recorded("2020-01-01T00:00:00Z", "fp_1", Provenance.LIVE)
    newer = _recorded("2026-06-02T00:00:00Z", "fp_2")
    found = origins_of(
        baseline(), [line("eu", [1.0])], [_result(EU, live), _result(US, newer)], now=NOW, max_age_days=1
    )

    assert "" == found[0].stale
