"""The report on a gate in words: what was red, how sure that is, what it means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.exports.trust_text import columns, heading, rows, sentences
from pytest_llmeval.records import CheckId
from pytest_llmeval.records.trust import Alarm, AtTrials, DrawnFault, PlantedFault, Rate, Sight, TrustReport

EU = CheckId("test_refund.py::test_refund", "eu", "relevance")
FOUND = tuple(
    AtTrials(n_trials=n, rate=Rate(n_red=red, n=100, low=red / 100 - 0.1, high=min(red / 100 + 0.1, 1.0)))
    for n, red in ((1, 12), (3, 61), (5, 90))
)
REPORT = TrustReport(
    checked_at="2026-11-25T10:00:00+00:00",
    commit="3fbf8b6cafe0123",
    model="openai/m",
    n_cases=48,
    n_lines=50,
    n_varying=7,
    n_trials=(5, 5),
    pairs=Rate(n_red=0, n=3, low=0.0, high=0.708),
    resampled=Rate(n_red=11, n=400, low=0.0138, high=0.0487),
    resampled_alarms=(Alarm(id=EU, n=4),),
    faults=(PlantedFault(name="PROMPT=worse", sight=Sight.FOUND, named=(EU,), found=FOUND),),
    drawn_faults=(DrawnFault(name="one check of one case scores 0", found=FOUND),),
    drift=("Runs of the baseline: session relevance: no drift seen.",),
    notes=("1 of 51 checks are left out.",),
)


def test_the_table_has_a_row_for_what_was_tried_and_a_column_for_each_number_of_trials():
    """With the exact interval in brackets; few verdicts are counted, many are a share."""
    assert ["red in so many verdicts, with", "1 trial", "3 trials", "5 trials"] == columns(REPORT)
    assert [
        ["nothing changed: pairs of runs", "", "", "0 of 3 (0-70.8)"],
        ["nothing changed: draws dealt out", "", "", "2.8 % (1.4-4.9)"],
        ["PROMPT=worse", "12 % (2-22)", "61 % (51-71)", "90 % (80-100)"],
        ["in the draws: one check of one case scores 0", "12 % (2-22)", "61 % (51-71)", "90 % (80-100)"],
    ] == rows(REPORT)


def test_the_heading_says_what_was_checked():
    """And when, on which commit, with which model."""
    assert (
        "gate check of 2026-11-25T10:00:00+00:00, 48 cases, 50 checks, 5 trials a case, commit 3fbf8b6cafe0, openai/m"
        == heading(REPORT)
    )


def test_the_sentences_say_false_alarms_faults_misses_and_what_cannot_be_seen():
    """In this order, drift and what is left out at the end."""
    assert [
        (
            "FALSE ALARMS Nothing had changed, and the gate was red in 0 of 3 pairs of runs (between 0 and 70.8 %) "
            "and in 2.8 % of 400 ways to deal the same draws out (between 1.4 and 4.9 %). It promises at most 5 %."
        ),
        "Named in draws dealt out at random: test_refund.py::test_refund[eu] relevance (4 of 400).",
        "Scores vary between the trials of 7 of 50 checks; the others can raise no false alarm.",
        (
            "Dealing out shows the noise between trials. What a whole run shares, such as a provider's bad hour, only "
            "more pairs of runs can show, hours apart."
        ),
        (
            "FOUND PROMPT=worse: named test_refund.py::test_refund[eu] relevance. With 1 trial a case it would be "
            "found in 12 % of runs, with 3 in 61 %, with 5 in 90 %."
        ),
        "MISSES With 5 trials a case the gate would be red: where one check of one case scores 0, in 90 % of runs.",
        *REPORT.drift,
        *REPORT.notes,
    ] == sentences(REPORT)


@pytest.mark.parametrize(
    ("sight", "told"),
    [
        (
            Sight.MISSED,
            "MISSED PROMPT=worse: UNDECIDED it may be chance. With 1 trial a case it would be found in 12 %",
        ),
        (Sight.NO_VERDICT, "NO VERDICT PROMPT=worse: UNDECIDED it may be chance. (exit status 6, so not green)"),
    ],
)
def test_a_fault_that_was_not_found_says_what_the_gate_said(sight, told):
    """Its own sentences; a fault without a verdict is not green either."""
    fault = replace(REPORT.faults[0], sight=sight, sentences=("UNDECIDED it may be chance.",), named=())

    assert any(one.startswith(told) for one in sentences(replace(REPORT, faults=(fault,))))


def test_more_alarms_than_promised_are_called_so_and_the_cure_depends_on_where():
    """Whole runs that differ ask for more runs; draws dealt out that do are a fault of ours."""
    bad = Rate(n_red=5, n=10, low=0.187, high=0.813)

    assert "does not keep it here: whole runs differ" in sentences(replace(REPORT, pairs=bad))[0]
    assert "please report it" in sentences(replace(REPORT, resampled=bad))[0]


def test_a_fall_of_the_average_alone_names_no_case():
    """It says so."""
    fault = replace(REPORT.faults[0], named=())

    assert any("the average fell, no case was named" in one for one in sentences(replace(REPORT, faults=(fault,))))


def test_one_run_may_be_lucky_and_the_report_says_so():
    """Found where most runs would miss it, missed where most would find it."""
    rare = replace(REPORT.faults[0], found=FOUND[:1])
    missed = replace(REPORT.faults[0], sight=Sight.MISSED, sentences=("UNDECIDED",))

    assert any(one.endswith("Another run may well miss it.") for one in sentences(replace(REPORT, faults=(rare,))))
    assert any(one.endswith("Another run may well find it.") for one in sentences(replace(REPORT, faults=(missed,))))
    assert not any("Another run" in one for one in sentences(REPORT))
