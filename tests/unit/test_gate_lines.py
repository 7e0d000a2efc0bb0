"""From results to lines."""

from __future__ import annotations

from pytest_llmeval.gate import lines_of
from pytest_llmeval.records import CaseId, CaseResult, Check, CheckId, Draw, Score, Trial


def check(value, metric="relevance", **fields):
    """Return a check; no value is unscored."""
    score = Score.unscored(metric, "timeout") if value is None else Score(metric=metric, value=value, version="3")
    return Check(score=score, threshold=0.5, **fields)


def result(*trials, checks=(), **fields):
    """Return one case's result."""
    return CaseResult(nodeid="t[eu]", id=CaseId("t", "eu"), suite="support", trials=trials, checks=checks, **fields)


def test_one_line_holds_the_draws_of_all_trials():
    """Scores in the order of the trials, each with its session, origin and trial; unscored ones are counted."""
    trials = [
        Trial(index=0, checks=(check(0.5, origin="a"),)),
        Trial(index=1, checks=(check(None),)),
        Trial(index=2, checks=(check(0.25, origin="b"),)),
    ]
    (line,) = lines_of("run", [result(*trials, input_hash="h")])
    assert line.id == CheckId("t", "eu", "relevance", 0)
    assert line.draws == (Draw(0.5, "run", "a", 0), Draw(0.25, "run", "b", 2))
    assert (line.suite, line.input_hash, line.metric_version, line.threshold) == ("support", "h", "3", 0.5)
    assert line.n_unscored == 1


def test_trial_cut_short_by_the_infrastructure_counts_as_unscored():
    """It never came to its check; the check is known from the other trial."""
    (line,) = lines_of("run", [result(Trial(index=0, checks=(check(1.0),)), Trial(index=1, is_unscored=True))])
    assert (len(line.draws), line.n_unscored) == (1, 1)


def test_trial_that_the_users_code_ended_is_not_unscored():
    """An exception of the application is no fault of the infrastructure."""
    (line,) = lines_of("run", [result(Trial(index=0, checks=(check(1.0),)), Trial(index=1, error="KeyError"))])
    assert line.n_unscored == 0


def test_metric_version_is_that_of_a_scored_trial():
    """An unscored check may not know the version it would have had."""
    (line,) = lines_of("run", [result(Trial(index=0, checks=(check(None),)), Trial(index=1, checks=(check(1.0),)))])
    assert line.metric_version == "3"


def test_case_level_check_is_one_draw():
    """Its own trials count, cut ones are not added."""
    consistency = check(0.8, "consistency", is_case_level=True, n_trials=5)
    (line,) = lines_of("run", [result(Trial(index=0, is_unscored=True), checks=(consistency,))])
    assert (line.is_case_level, line.n_trials, line.scores, line.n_unscored) == (True, 5, (0.8,), 0)


def test_lines_are_sorted_and_one_a_check():
    """Two metrics, one of them asserted twice in the trial."""
    trial = Trial(index=0, checks=(check(1.0, nth=0), check(0.0, nth=1), check(1.0, "faith")))
    assert [line.id[2:4] for line in lines_of("run", [result(trial)])] == [
        ("faith", 0),
        ("relevance", 0),
        ("relevance", 1),
    ]


def test_case_without_checks_has_no_line():
    """A skipped test, say."""
    assert lines_of("run", [result(outcome="skipped")]) == ()


def test_a_trial_that_was_cut_after_a_check_has_that_check_scored_once():
    """The provider failed between two checks: the first has its score, the second is unscored."""
    whole = Trial(index=0, checks=(check(1.0, "first"), check(1.0, "second")))
    cut = Trial(index=1, checks=(check(0.5, "first"),), error="ProviderError: 500", is_unscored=True)
    result = CaseResult(nodeid="t", id=CaseId("t"), n_planned=2, trials=(whole, cut))
    first, second = lines_of("run", [result])
    assert ((1.0, 0.5), 0, (1.0,), 1) == (first.scores, first.n_unscored, second.scores, second.n_unscored)
