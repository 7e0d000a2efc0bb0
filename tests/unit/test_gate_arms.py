"""Arms set against each other: who is better, who is not, and what is left out."""

from __future__ import annotations

import pytest
from scipy.stats import ttest_rel

from pytest_llmeval.gate import compare_arms, of_arms
from pytest_llmeval.gate.arms import pairs_of
from pytest_llmeval.gate.families import mean_test
from pytest_llmeval.gate.pairs import Pair, whole
from pytest_llmeval.records import (
    Baseline,
    CaseId,
    CaseResult,
    CheckId,
    Draw,
    Expense,
    Line,
    Request,
    Response,
    Standing,
    Trial,
)

TEST = "tests/test_support.py::test_answer"


def line(arm, case, scores, *, metric="relevance", threshold=0.5, origin="", **fields):
    """Return a line of one arm."""
    draws = tuple(Draw(float(score), "run", origin and f"{origin}{n}", n) for n, score in enumerate(scores))
    id_ = CheckId(TEST, str(case), metric, 0, arm)
    return Line(id=id_, suite="", draws=draws, threshold=threshold, **fields)


def arm(name, rates, n_trials=10, **fields):
    """Return lines of 0/1 scores, one a rate."""
    scores = [[1] * round(rate * n_trials) + [0] * (n_trials - round(rate * n_trials)) for rate in rates]
    return [line(name, case, passed, **fields) for case, passed in enumerate(scores)]


def only(contest):
    """Return the one duel."""
    (duel,) = contest.duels
    return duel


def test_the_better_arm_wins_and_the_sentence_says_by_how_much():
    """20 cases, 50 % against 80 %."""
    contest = compare_arms(["a", "b"], arm("a", [0.5] * 20) + arm("b", [0.8] * 20))
    duel = only(contest)
    assert ("b", Standing.BETTER, 20) == (contest.winner, duel.standing, duel.n_cases)
    assert (0.5, 0.8, 0.3) == pytest.approx((duel.reference_mean, duel.arm_mean, duel.gain))
    assert 0.0 < duel.low < 0.3 < duel.high < 0.5
    assert "WINNER b: better than a by relevance." == contest.sentences[0]
    assert contest.sentences[1].startswith("relevance: b is better than a by 30 points (between 2")


def test_a_worse_arm_makes_its_reference_the_winner():
    """The mirror image."""
    contest = compare_arms(["a", "b"], arm("a", [0.8] * 20) + arm("b", [0.5] * 20))
    assert ("a", Standing.WORSE) == (contest.winner, only(contest).standing)
    assert "b is worse than a by 30 points" in contest.sentences[1]


def test_few_trials_name_no_winner_but_what_would_have_shown():
    """Four cases of two trials."""
    contest = compare_arms(["a", "b"], arm("a", [0.5] * 4, 2) + arm("b", [1.0] * 4, 2))
    assert ("", Standing.OPEN) == (contest.winner, only(contest).standing)
    assert contest.sentences[0].startswith("NO WINNER: no difference is proven, and ")
    assert contest.sentences[0].endswith(" would have shown.")


def test_equal_arms_of_many_trials_are_alike():
    """Any difference of 5 points or more is ruled out."""
    contest = compare_arms(["a", "b"], arm("a", [1.0] * 40) + arm("b", [1.0] * 40))
    assert Standing.ALIKE is only(contest).standing
    assert contest.sentences[0].startswith("NO WINNER: the arms are alike, any difference is at most ")


def test_a_single_case_is_named_though_the_mean_decides():
    """One of 20 cases broke in the arm: no winner by that, but it is told."""
    contest = compare_arms(["a", "b"], arm("a", [1.0] * 20) + arm("b", [0.0] + [1.0] * 19))
    assert (CheckId(TEST, "0", "relevance"),) == only(contest).worse
    assert any(f"Provably worse: {TEST}[0] relevance." in sentence for sentence in contest.sentences)


def test_scatter_of_one_arm_makes_no_winner():
    """Grades of 0.5 against coins, 16 of 24 heads: exchanging labels alone would call that proven, and chance it is."""
    steady = [line("a", case, [0.5] * 10) for case in range(12)]
    coins = [line("b", case, scores) for case, scores in enumerate([[1, 1]] * 6 + [[1, 0]] * 4 + [[0, 0]] * 2)]
    pairs = [
        Pair(id=first.id, baseline=whole(first.scores), current=whole(second.scores))
        for first, second in zip(steady, coins, strict=True)
    ]
    assert mean_test(pairs)[1] < 0.01
    duel = only(compare_arms(["a", "b"], steady + coins))
    assert Standing.OPEN is duel.standing
    assert duel.low < 0.0 < duel.high


def test_holm_asks_more_of_the_smallest_p_where_there_are_more_arms():
    """What is proven of one duel alone is not beside nine others."""
    rates = [0.5] * 10
    lines = arm("a", rates, 10) + arm("b", [0.7] * 10, 10)
    p = only(compare_arms(["a", "b"], lines)).p
    assert 0.005 < p < 0.05
    others = [f"c{n}" for n in range(9)]
    crowd = compare_arms(["a", "b", *others], lines + [one for name in others for one in arm(name, rates, 10)])
    first = crowd.duels[0]
    assert ("b", Standing.OPEN, p) == (first.arm, first.standing, first.p)
    assert first.p_adjusted == pytest.approx(10 * p)


def test_reference_is_the_first_arm_unless_every_pair_is_asked_for():
    """Three arms: two duels, or three."""
    lines = arm("a", [0.2] * 20) + arm("b", [0.9] * 20) + arm("c", [0.5] * 20)
    assert (("a", "b"), ("a", "c")) == pairs_of(["a", "b", "c"], lines)
    few, all_ = (compare_arms(["a", "b", "c"], lines, every_pair=every) for every in (False, True))
    assert ["", "b"] == [few.winner, all_.winner]
    assert (
        "NO WINNER: b is better than a by relevance, c is better than a by relevance; none is best of all."
        == few.sentences[0]
    )


def test_arms_that_share_no_case_are_not_set_against_each_other():
    """Two tests with variants of their own: each has its own reference."""
    lines = [*arm("a", [1.0]), *arm("b", [1.0])]
    lines += [line(name, "other", [1.0] * 5) for name in ("x", "y")]
    assert (("a", "b"), ("x", "y")) == pairs_of(["a", "b", "x", "y"], lines)


def test_metrics_that_disagree_make_no_winner():
    """Better by one, worse by the other."""
    lines = arm("a", [0.5] * 20) + arm("b", [0.9] * 20)
    lines += arm("a", [0.9] * 20, metric="safety") + arm("b", [0.5] * 20, metric="safety")
    contest = compare_arms(["a", "b"], lines)
    assert "" == contest.winner
    assert (
        "NO WINNER: a is better than b by safety, b is better than a by relevance; none is best of all."
        == contest.sentences[0]
    )


def test_a_metric_without_threshold_is_for_information_beside_one_that_has_one():
    """It takes no level from the other, and nothing is claimed of it; alone it counts."""
    extra = arm("a", [0.1] * 20, metric="length", threshold=None) + arm(
        "b", [0.9] * 20, metric="length", threshold=None
    )
    beside = compare_arms(["a", "b"], arm("a", [0.5] * 20) + arm("b", [0.5] * 20) + extra)
    length = next(duel for duel in beside.duels if duel.metric == "length")
    assert (True, Standing.OPEN, "") == (length.is_informational, length.standing, beside.winner)
    assert "b" == compare_arms(["a", "b"], extra).winner


def test_answers_of_the_same_requests_are_no_two_samples():
    """The test did not use what tells the variants apart."""
    lines = [line(name, case, [1, 0], origin=f"o{case}") for name in ("a", "b") for case in range(5)]
    duel = only(compare_arms(["a", "b"], lines))
    assert (Standing.NOT_COMPARED, 0) == (duel.standing, duel.n_cases)


def test_cases_of_one_arm_only_are_left_out_and_named():
    """A case that broke off in one arm."""
    contest = compare_arms(["a", "b"], arm("a", [0.5] * 6) + arm("b", [0.5] * 5))
    assert ((CaseId(TEST, "5"),), 5) == (contest.cases, only(contest).n_cases)
    assert f"1 case not scored in all arms, and left out: {TEST}[5]." == contest.sentences[-1]


def test_slices_say_where_an_arm_is_better():
    """A description by tag, with its own interval."""
    lines = [
        line(name, case, [case % 2 if name == "a" else 1] * 10, tags=("odd" if case % 2 else "even",))
        for name in ("a", "b")
        for case in range(10)
    ]
    even, odd = only(compare_arms(["a", "b"], lines)).slices
    assert ("even", 1.0, 5) == (even.tag, even.gain, even.n_cases)
    assert ("odd", 0.0) == (odd.tag, odd.gain)
    assert odd.low < 0.0 < odd.high


def result(arm_, case, costs, latency_s=1.0):
    """Return a case of one arm whose trials made one call each."""
    request = Request(model="m", messages=(), trial=0)
    trials = tuple(
        Trial(index=n, calls=(Response(text="", request=request, cost_usd=cost, latency_s=latency_s),))
        for n, cost in enumerate(costs)
    )
    return CaseResult(nodeid=f"{case}{arm_}", id=CaseId(TEST, case), trials=trials, arm=arm_)


def test_cost_is_compared_case_by_case():
    """The paired interval is scipy's; latencies that are equal have no width."""
    first, second = [0.01, 0.03, 0.02], [0.004, 0.02, 0.004]
    results = [result("a", str(n), [cost, cost]) for n, cost in enumerate(first)]
    results += [result("b", str(n), [cost]) for n, cost in enumerate(second)]
    cost, latency = compare_arms(["a", "b"], arm("a", [1.0]) + arm("b", [1.0]), results).expenses
    scipys = ttest_rel(second, first).confidence_interval(0.95)
    assert (Expense.COST_USD, 3) == (cost.expense, cost.n_cases)
    assert (scipys.low, scipys.high) == pytest.approx((cost.low, cost.high))
    assert (0.02, 28 / 3000) == pytest.approx((cost.reference_mean, cost.arm_mean))
    assert (0.0, 0.0, 0.0) == pytest.approx((latency.difference, latency.low, latency.high))


def test_an_unknown_price_is_no_price_of_zero():
    """A case with one call of unknown price is left out; without any known there is no row."""
    results = [result("a", "0", [0.01]), result("b", "0", [0.01, None])]
    kinds = [one.expense for one in compare_arms(["a", "b"], arm("a", [1.0]) + arm("b", [1.0]), results).expenses]
    assert [Expense.LATENCY_S] == kinds


def test_an_arm_is_held_to_its_own_line_else_to_the_one_without_an_arm():
    """Lines of arms that did not run are no part of it; a test that is gone is missing once."""
    stored = [line("", "0", [1.0]), line("b", "0", [0.5]), line("z", "0", [0.1]), line("", "1", [0.2])]
    gone = [Line(id=CheckId("gone", "0", "m", 0, name), suite="", draws=(Draw(1.0),)) for name in ("", "b")]
    baseline = Baseline(lines={one.id: one for one in [*stored, *gone]})
    found = of_arms(baseline, [line("a", "0", [1.0]), line("b", "0", [1.0])]).lines
    held = {(id_.test == TEST, id_.case, id_.arm): one.scores for id_, one in found.items()}
    assert {
        (True, "0", "a"): (1.0,),
        (True, "0", "b"): (0.5,),
        (True, "1", "a"): (0.2,),
        (True, "1", "b"): (0.2,),
        (False, "0", ""): (1.0,),
        (False, "0", "b"): (1.0,),
    } == held
    assert all(id_ == one.id for id_, one in found.items())


def test_a_baseline_without_arms_stays_what_it_is():
    """A session of one variant costs nothing."""
    stored = line("", "0", [1.0])
    baseline = Baseline(lines={stored.id: stored})
    assert of_arms(baseline, [stored]) is baseline
