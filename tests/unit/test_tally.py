"""What a check comes to over its trials: mean, share, unscored and hard, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from pytest_llmeval.records import Check, CheckId, Score, Tally, Trial, tally


def check_of(value: float | None, metric: str = "relevance", **fields: object) -> Check:
    """Return one check; the threshold is 0.5 unless told."""
    return Check(score=Score(metric=metric, value=value, reason="timeout"), **({"threshold": 0.5} | fields))


def tally_of(*values: float | None, **fields: object) -> Tally:
    """Return the tally of one check over as many trials as there are values."""
    checks = tuple(check_of(value, **fields) for value in values)
    return Tally(id=CheckId("t.py::test", "", "relevance"), checks=checks)


@pytest.mark.parametrize(
    ("values", "terms", "mean", "n_reached", "is_below"),
    [
        # One trial: its score decides, and a score that equals the threshold reaches it.
        ((0.75,), {}, 0.75, 1, False),
        ((0.5,), {}, 0.5, 1, False),
        ((0.25,), {}, 0.25, 0, True),
        # Several: their mean decides, however many miss the threshold alone.
        ((0.0, 0.25, 1.0, 1.0), {}, 2.25 / 4, 2, False),
        ((0.25, 0.25, 1.0), {}, 1.5 / 3, 1, False),
        ((0.0, 0.25, 1.0), {}, 1.25 / 3, 1, True),
        ((0.1,) * 10, {"threshold": 0.1}, 0.1, 10, False),  # added one by one they come to 0.9999999999999999
        # With require= the share of the trials decides, and the mean does not.
        ((0.25, 1.0, 1.0), {"require": 0.6}, 0.75, 2, False),  # 2 of 3, and 1.8 are asked
        ((0.25, 1.0, 1.0), {"require": 0.7}, 0.75, 2, True),  # 2 of 3, and 2.1 are asked
        ((0.0, 0.5, 0.5), {"require": 0.6}, 1.0 / 3, 2, False),
        ((1.0, 1.0, 0.25), {"require": 1.0}, 0.75, 2, True),
        # Unscored is no score: not 0, and no part of the share either.
        ((None, 0.25, 0.75), {}, 0.5, 1, False),
        ((None, 0.0, 1.0), {"require": 0.5}, 0.5, 1, False),
        ((None, None), {}, None, 0, False),
        ((None,), {"require": 1.0}, None, 0, False),
        # Without a threshold it records only.
        ((0.0, 0.0), {"threshold": None}, 0.0, 2, False),
        ((0.0, 1.0), {"threshold": None, "require": 1.0}, 0.5, 2, False),
        ((0.0,), {"threshold": 0.0}, 0.0, 1, False),
    ],
)
def test_mean_share_and_threshold(values, terms, mean, n_reached, is_below):
    """A row a rule; every binary fraction is exact."""
    found = tally_of(*values, **terms)

    assert (mean, n_reached, is_below) == (found.mean, found.n_reached, found.is_below)


def test_a_share_is_met_by_exactly_as_many_trials_as_it_says():
    """``require=7/25`` of 25 trials are 7, though 0.28 * 25 is a little more than 7 in floats."""
    shares = [(n_reached, n_trials) for n_trials in range(1, 41) for n_reached in range(1, n_trials + 1)]

    def judged(n_reached: int, n_trials: int, require: float) -> bool:
        return tally_of(*[1.0] * n_reached, *[0.0] * (n_trials - n_reached), require=require).is_below

    assert [] == [(k, n) for k, n in shares if judged(k, n, require=k / n)]
    assert [] == [(k, n) for k, n in shares if not judged(k - 1, n, require=k / n)]


@pytest.mark.parametrize(
    ("terms", "is_hard"),
    [({}, False), ({"is_hard": True}, True), ({"require": 0.5}, True), ({"threshold": None}, False)],
)
def test_hard_is_what_no_baseline_excuses(terms, is_hard):
    """A schema, a format; and ``require=``, which is a promise of its own."""
    assert is_hard == tally_of(0.0, 1.0, **terms).is_hard


def test_the_worst_is_the_lowest_scored_trial_and_the_first_of_equals():
    """An unscored trial is not the worst of those that have a score."""
    outputs = {None: "none", 0.75: "good", 0.25: "bad", 0.0: "worse"}
    checks = tuple(check_of(value, output=output) for value, output in outputs.items())
    again = check_of(0.0, output="worse again")

    assert "worse" == Tally(id=CheckId("t", "", "m"), checks=(*checks, again)).worst.output


def test_where_nothing_is_scored_the_first_trial_is_shown():
    """Its reason says why."""
    found = Tally(id=CheckId("t", "", "m"), checks=(check_of(None, output="1st"), check_of(None, output="2nd")))

    assert ("1st", "timeout") == (found.worst.output, found.worst.score.reason)


def test_checks_are_grouped_over_trials_by_metric_and_place_in_the_order_in_which_they_were_made():
    """Two checks of one metric are two tallies; a trial that made none leaves no gap; case-level ones come last."""
    trials = (
        Trial(index=0, checks=(check_of(0.1, "b"), check_of(0.2, "a"), check_of(0.3, "b", nth=1))),
        Trial(index=1, error="HTTP 429", is_unscored=True),
        Trial(index=2, checks=(check_of(0.4, "b"), check_of(0.5, "c"), check_of(0.6, "b", nth=1))),
    )
    case_check = check_of(0.7, "a", nth=1, is_case_level=True)

    found = tally("t.py::test", "eu", trials, [case_check])

    assert [
        (CheckId("t.py::test", "eu", "b", 0), (0.1, 0.4)),
        (CheckId("t.py::test", "eu", "a", 0), (0.2,)),
        (CheckId("t.py::test", "eu", "b", 1), (0.3, 0.6)),
        (CheckId("t.py::test", "eu", "c", 0), (0.5,)),
        (CheckId("t.py::test", "eu", "a", 1), (0.7,)),
    ] == [(one.id, one.scores) for one in found]


def test_a_case_without_checks_has_no_tally():
    """Nothing to pass or fail by."""
    assert () == tally("t.py::test", "", (Trial(index=0),), ())


def test_a_mean_that_is_its_threshold_on_paper_passes():
    """(0.1 + 0.7) / 2 is a hair below 0.4 in floats."""
    assert not tally_of(0.1, 0.7, threshold=0.4).is_below
