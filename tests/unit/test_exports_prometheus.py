"""The metrics file: right numbers, bounded labels, never NaN, whole or not at all."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports.prometheus import render, write
from pytest_llmeval.records import SessionVerdict, Verdict
from tests.unit.sessions import RELEVANCE, SUPPORT, answer, case, relevance, session

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.records import Session

UNSCORED = replace(RELEVANCE, mean=None, low=None, high=None, n_cases=0, n_scored=0, n_unscored=5)


def samples(of: Session) -> dict[tuple[str, ...], float]:
    """Return the file's samples by name and label values, the branch left out, as Prometheus' own parser reads them."""
    return {
        (sample.name, *(value for name, value in sorted(sample.labels.items()) if name != "branch")): sample.value
        for family in text_string_to_metric_families(render(of).decode())
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        (("llmeval_score_mean", "relevance", "support"), 0.55),
        (("llmeval_score_low", "relevance", "support"), 0.47),
        (("llmeval_score_high", "relevance", "support"), 0.63),
        (("llmeval_scored_ratio", "faithfulness", "summaries"), 0.8),
        (("llmeval_unscored", "faithfulness", "summaries"), 1.0),
        (("llmeval_below_threshold", "relevance", "support"), 1.0),
        (("llmeval_baseline_mean", "relevance", "support"), 0.85),
        (("llmeval_drop", "relevance", "support"), 0.3),
        (("llmeval_cases", "failed"), 2.0),
        (("llmeval_lost_tests",), 0.0),
        (("llmeval_responses", "replayed"), 5.0),
        (("llmeval_input_tokens", "openai/smollm2"), 100.0),
        (("llmeval_output_tokens", "openai/judge"), 10.0),
        (("llmeval_cost_usd", "openai/smollm2"), 0.005),
        (("llmeval_unpriced_responses", "openai/judge"), 1.0),
        (("llmeval_latency_median_seconds", "openai/smollm2"), 3.0),
        (("llmeval_latency_p95_seconds", "openai/smollm2"), 5.0),
        (("llmeval_session_duration_seconds",), 12.34),
        (("llmeval_session_timestamp_seconds",), 1769860800.0),
        (("llmeval_session_valid",), 1.0),
    ],
)
def test_the_numbers_are_the_session_s(sample: tuple[str, ...], value: float) -> None:
    """Every gauge tells what the session holds, in base units."""
    assert value == samples(session())[sample]


def test_one_verdict_is_set_and_the_other_words_are_not() -> None:
    """An alert on ``outcome="regressed"`` fires for that word alone."""
    expected = {
        "regressed": 1.0,
        "unchanged": 0.0,
        "improved": 0.0,
        "undecided": 0.0,
        "incomparable": 0.0,
        "no_baseline": 0.0,
    }

    assert expected == {key[1]: value for key, value in samples(session()).items() if key[0] == "llmeval_verdict"}


def test_without_a_gate_there_is_no_verdict_to_alert_on() -> None:
    """No word is set where none was spoken."""
    assert [] == [
        key for key in samples(session(verdict=None)) if key[0] in ("llmeval_verdict", "llmeval_session_valid")
    ]


def test_an_invalid_session_says_so() -> None:
    """UNCHANGED of half a session is not a green light."""
    verdict = SessionVerdict(verdict=Verdict.UNCHANGED, invalid=("2 tests were lost",))

    assert 0.0 == samples(session(verdict=verdict))["llmeval_session_valid",]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("llmeval_score_mean", {"summaries": (UNSCORED,)}),
        ("llmeval_baseline_mean", {"verdict": None}),
        ("llmeval_drop", {"verdict": None}),
        ("llmeval_cost_usd", {"results": ()}),
        ("llmeval_latency_median_seconds", {"results": ()}),
        ("llmeval_session_duration_seconds", {"duration_s": math.nan}),
    ],
)
def test_what_is_unknown_is_left_out(name: str, changes: dict[str, object]) -> None:
    """No zero and no NaN stands for "could not tell" (FAULTS 21)."""
    assert name in {key[0] for key in samples(session())}
    assert name not in {key[0] for key in samples(session(**changes))}


def test_an_unknown_price_is_not_a_price_of_zero() -> None:
    """A model without a price has no cost, and its answers are counted."""
    results = (case(SUPPORT, "us", "support", (relevance(1.0),), (answer("a", cost_usd=None),)),)
    found = samples(session(results=results))

    assert ("llmeval_cost_usd", "openai/smollm2") not in found
    assert 1.0 == found["llmeval_unpriced_responses", "openai/smollm2"]


def test_no_label_names_a_test_or_a_case() -> None:
    """A thousand cases are as many series as one (FAULTS 21)."""
    results = tuple(
        case(f"tests/t.py::test_{number}", f"case{number}", "support", (relevance(1.0),), (answer("a"),))
        for number in range(1000)
    )

    assert len(samples(session())) + 500 > len(samples(session(results=results)))
    assert b"case7" not in render(session(results=results))


def test_a_suite_a_case_does_not_flood_the_server() -> None:
    """A name has at most 500 series, whatever a suite makes of its labels."""
    summaries = tuple(replace(RELEVANCE, suite=f"suite {number}") for number in range(2000))

    assert 500 == len([key for key in samples(session(summaries=summaries)) if key[0] == "llmeval_score_mean"])


def test_two_long_names_stay_two() -> None:
    """A label is cut, and still tells its suite from the next."""
    summaries = tuple(replace(RELEVANCE, suite="x" * 500 + end) for end in "ab")
    labels = [key[2] for key in samples(session(summaries=summaries)) if key[0] == "llmeval_score_mean"]

    assert [80, 80] == [len(label) for label in labels]
    assert 2 == len(set(labels))


@settings(max_examples=50)
@given(suite=st.text(st.characters(codec=None), max_size=100), branch=st.text(st.characters(codec=None), max_size=100))
def test_any_name_leaves_a_file_that_can_be_read(suite: str, branch: str) -> None:
    """Quotes, line ends, escapes and surrogates in a name never break the format nor leave a control character."""
    text = render(session(summaries=(replace(RELEVANCE, suite=suite),), branch=branch)).decode()

    assert 0.55 in [sample.value for family in text_string_to_metric_families(text) for sample in family.samples]
    assert "\x1b" not in text


def test_the_same_session_gives_the_same_bytes() -> None:
    """A file under version control or a diff does not change by chance."""
    assert render(session()) == render(session())


def test_the_file_is_what_is_rendered_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    """A scraper sees the old file or the new one, in a folder that is made."""
    path = tmp_path / "new" / "llmeval.prom"
    write(session(verdict=None), path)
    write(session(), path)

    assert render(session()) == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


def test_a_file_that_cannot_be_written_is_a_named_error(tmp_path: Path) -> None:
    """The export says path and cause; the plugin makes a warning of it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LlmevalError) as caught:
        write(session(), tmp_path / "file" / "llmeval.prom")

    assert f"no metrics file {str(tmp_path / 'file' / 'llmeval.prom')!r}" == caught.value.what
    assert caught.value.found in ("Not a directory", "File exists")
    assert "--llmeval-report=prom:PATH" in caught.value.hint


def test_nothing_is_written_elsewhere_in_a_multiprocess_setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that is measured with PROMETHEUS_MULTIPROC_DIR gets no file of ours there."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    # The client chooses its values once, when it is imported; a fresh interpreter would choose these.
    monkeypatch.setattr(values, "ValueClass", values.MultiProcessValue())
    render(session())

    assert [] == list(tmp_path.iterdir())
