"""Which scores a judge gave, and what the calibration folder knows of it: beside the summaries of a session."""

from dataclasses import replace

import pytest

from pytest_llmeval.agreement.measuring import Item, measure
from pytest_llmeval.records import Check, Score
from pytest_llmeval.store import calibration
from pytest_llmeval.store.judged import uncalibrated, with_agreement
from tests.unit.sessions import FAITHFULNESS, RELEVANCE, SUMMARY, SUPPORT, answer, case

ITEMS = [*[Item((1.0,), 0.9)] * 4, Item((1.0,), 0.1), *[Item((0.0,), 0.1)] * 5]


def _stored(folder, version, *, metric="relevance", judges=(), threshold=0.7, day="2026-02-01"):
    agreement = measure(
        ITEMS,
        metric=metric,
        version=version,
        labels="d",
        good_from=0.5,
        threshold=threshold,
        judges=judges,
        measured_on=day,
    )
    calibration.write(folder, agreement)


def _result(version, *, suite="support", metric="relevance", judges=(), test=SUPPORT, name="eu"):
    score = Score(metric=metric, value=0.5, version=version, judges=judges)
    return case(test, name, suite, (Check(score=score),), (answer("Yes."),))


def _known(folder, *results, summaries=(RELEVANCE,)):
    told = []
    found = with_agreement(summaries, results, folder, told.append)
    return found, told


def test_what_was_measured_stands_beside_the_mean(tmp_path):
    """Agreement with its bounds, AC1, TPR and TNR at the threshold, the number of labels, and the day."""
    _stored(tmp_path, "judge relevance-1 abc")

    ((summary,), _) = _known(tmp_path, _result("judge relevance-1 abc"))

    (judged,) = summary.judged
    assert ("judge relevance-1 abc", 10, 0.7, "2026-02-01") == (
        judged.version,
        judged.n_labels,
        judged.threshold,
        judged.measured_on,
    )
    assert (0.9, 0.8, 1.0) == (judged.agreement[0], judged.tpr[0], judged.tnr[0])
    assert judged.agreement[1] < 0.9 < judged.agreement[2]
    assert () == uncalibrated((summary,))


def test_another_version_is_another_judge(tmp_path):
    """What is known of one judge says nothing of the next."""
    _stored(tmp_path, "judge relevance-1 abc")

    ((summary,), _) = _known(tmp_path, _result("judge relevance-1 def"))

    assert [("judge relevance-1 def", False, 0)] == [(j.version, j.is_calibrated, j.n_labels) for j in summary.judged]
    assert ("relevance",) == uncalibrated((summary,))


def test_two_versions_in_one_suite_stand_beside_each_other(tmp_path):
    """Two criteria under one name: one is known, one is not, and the metric counts as uncalibrated."""
    _stored(tmp_path, "judge rubric-1 a")

    ((summary,), _) = _known(tmp_path, _result("judge rubric-1 b"), _result("judge rubric-1 a", name="us"))

    assert [True, False] == [judged.is_calibrated for judged in summary.judged]
    assert ("relevance",) == uncalibrated((summary,))


def test_a_score_that_no_judge_gave_needs_no_labels(tmp_path):
    """An offline metric is not called uncalibrated, though the run has a judge and the folder knows the metric."""
    _stored(tmp_path, "2")

    found, _ = _known(
        tmp_path,
        _result("2"),
        _result("judge faithfulness-1 a", suite="summaries", metric="faithfulness", test=SUMMARY),
        summaries=(RELEVANCE, FAITHFULNESS),
    )

    assert ((), 1) == (found[0].judged, len(found[1].judged))
    assert ("faithfulness",) == uncalibrated(found)


def test_one_name_may_be_judged_in_one_suite_and_measured_offline_in_another(tmp_path):
    """Each suite says what stands behind its own mean; all arms of a suite have the same."""
    arms = tuple(replace(RELEVANCE, arm=arm) for arm in ("long", "short"))

    found, _ = _known(
        tmp_path,
        _result("judge relevance-1 abc"),
        _result("2", suite="summaries"),
        summaries=(*arms, replace(RELEVANCE, suite="summaries")),
    )

    assert [1, 1, 0] == [len(one.judged) for one in found]


@pytest.mark.parametrize(
    ("measured", "asked", "is_calibrated"),
    [
        (("openai/j",), ("openai/j",), True),
        (("openai/i", "openai/j"), ("openai/j",), True),
        (("openai/j",), ("openai/i", "openai/j"), False),
        (("openai/j",), ("openai/j 3f9a1c2b40de",), False),
        ((), ("openai/j",), False),
    ],
    ids=["same", "fewer", "one more", "other settings", "measured before judges were noted"],
)
def test_a_metric_of_ones_own_is_known_by_whom_it_asks(tmp_path, measured, asked, is_calibrated):
    """It was measured with every judge that it asks: then, and only then, its agreement is known."""
    _stored(tmp_path, "1", judges=measured)

    ((summary,), _) = _known(tmp_path, _result("1", judges=asked))

    assert [is_calibrated] == [judged.is_calibrated for judged in summary.judged]


def test_a_metric_that_asks_only_when_in_doubt_is_one_version(tmp_path):
    """Scores that needed nobody, one judge and two are of one metric, which asked two."""
    results = [
        _result("1", judges=judges, name=name)
        for name, judges in (("a", ()), ("b", ("openai/i",)), ("c", ("openai/i", "openai/j")))
    ]

    ((summary,), _) = _known(tmp_path, *results)

    assert ["1, asked openai/i + openai/j"] == [judged.version for judged in summary.judged]


def test_of_two_measurements_the_nearer_one_counts(tmp_path):
    """One with this judge alone says more of it than one with another beside it."""
    _stored(tmp_path, "1", judges=("openai/i", "openai/j"), day="2026-01-01")
    _stored(tmp_path, "1", judges=("openai/j",), day="2026-02-02")

    ((summary,), _) = _known(tmp_path, _result("1", judges=("openai/j",)))

    assert ["2026-02-02"] == [judged.measured_on for judged in summary.judged]


def test_without_a_threshold_the_fitted_one_speaks(tmp_path):
    """A check that only records has no pass mark: then the held-out figures stand there, and no threshold."""
    _stored(tmp_path, "judge relevance-1 abc", threshold=None)

    ((summary,), _) = _known(tmp_path, _result("judge relevance-1 abc"))

    assert summary.judged[0].threshold is None
    assert summary.judged[0].agreement is not None


def test_a_file_that_cannot_be_read_is_told_once_and_its_metric_counts_as_uncalibrated(tmp_path):
    """A conflict mark in the calibration folder does not end the session."""
    calibration.file_of(tmp_path, "relevance").write_text("<<<<<<< HEAD\n")

    ((summary,), told) = _known(tmp_path, _result("judge relevance-1 abc"), _result("judge relevance-1 abc", name="us"))

    assert ("relevance",) == uncalibrated((summary,))
    assert 1 == len(told)
    assert "relevance.jsonl:1" in told[0]


def test_the_same_finding_again_changes_no_byte(tmp_path):
    """A second check of the same labels on another day leaves the file as it is; another finding replaces it."""
    _stored(tmp_path, "1", day="2026-02-01")
    before = calibration.file_of(tmp_path, "relevance").read_bytes()

    _stored(tmp_path, "1", day="2026-03-01")
    assert before == calibration.file_of(tmp_path, "relevance").read_bytes()

    _stored(tmp_path, "1", threshold=0.95, day="2026-03-01")
    assert ["2026-03-01"] == [one.measured_on for one in calibration.read(tmp_path, "relevance").values()]
