"""What holds for arms set against each other, whatever the scores are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.gate import compare_arms
from pytest_llmeval.records import CheckId, Draw, Line, Standing

scores = st.sampled_from((0.0, 1.0)) | st.floats(0, 1) | st.sampled_from((0.1, 0.2, 0.3, 0.7))
runs = st.lists(scores, min_size=1, max_size=6)
cases = st.lists(st.tuples(runs, runs), min_size=1, max_size=8)
quick = settings(max_examples=60)

MIRRORED = {Standing.BETTER: Standing.WORSE, Standing.WORSE: Standing.BETTER}


def lines(arm, scored, names=None):
    """Return the lines of one arm, one a run of scores."""
    return [
        Line(
            id=CheckId("test", names[place] if names else f"case {place}", "metric", 0, arm),
            suite="",
            draws=tuple(Draw(score, "run", "", n) for n, score in enumerate(run)),
            threshold=0.5,
            tags=(f"tag {place % 2}",),
        )
        for place, run in enumerate(scored)
    ]


def duel_of(first, second, arms=("a", "b"), names=None):
    """Return the only duel of two arms."""
    found = compare_arms(arms, lines(arms[0], first, names) + lines(arms[1], second, names))
    return found.duels[0]


def sides(runs):
    """Return the scores of both arms, case by case."""
    return [first for first, _ in runs], [second for _, second in runs]


@quick
@given(cases)
def test_exchanged_arms_give_the_mirror_image(runs):
    """Who is called the reference changes the sign, and nothing else, to the last bit."""
    first, second = sides(runs)
    there, back = duel_of(first, second), duel_of(second, first, ("b", "a"))
    assert (there.p, there.p_adjusted, there.mde, there.bound) == (back.p, back.p_adjusted, back.mde, back.bound)
    assert there.gain == -back.gain
    assert (there.better, there.worse) == (back.worse, back.better)
    assert MIRRORED.get(there.standing, there.standing) is back.standing
    if there.low is not None:
        assert (there.low, there.high) == (-back.high, -back.low)


@quick
@given(cases, st.randoms(use_true_random=False))
def test_order_and_names_change_nothing(runs, rng):
    """Lines in any order, cases and arms under any names: every figure stays."""
    first, second = sides(runs)
    plain = duel_of(first, second)
    names = [f"other {place}" for place in rng.sample(range(len(runs)), len(runs))]
    every = lines("z", first, names) + lines("y", second, names)
    renamed = compare_arms(("z", "y"), rng.sample(every, len(every))).duels[0]
    fields = ("standing", "gain", "low", "high", "bound", "mde", "p", "p_adjusted", "reference_mean", "arm_mean")
    assert [getattr(renamed, field) for field in fields] == [getattr(plain, field) for field in fields]


@quick
@given(cases)
def test_every_figure_stays_within_its_bounds(runs):
    """Nobody is better whose interval holds 0; a p is a probability."""
    duel = duel_of(*sides(runs))
    assert 0.0 < duel.p <= duel.p_adjusted <= 1.0
    assert -1.0 <= duel.gain <= 1.0
    if duel.low is not None:
        assert -1.0 <= duel.low <= duel.gain <= duel.high <= 1.0
    if duel.standing in MIRRORED:
        assert (duel.low > 0.0) if duel.standing is Standing.BETTER else (duel.high < 0.0)
        assert duel.p_adjusted <= 0.05


@quick
@given(st.lists(runs, min_size=1, max_size=6))
def test_equal_scores_are_never_a_difference(scored):
    """Other draws of the same scores."""
    duel = duel_of(scored, scored)
    assert duel.standing in (Standing.OPEN, Standing.ALIKE)
    assert (0.0, (), ()) == (duel.gain, duel.better, duel.worse)


@quick
@given(cases, st.integers(0, 7))
def test_a_better_score_never_makes_a_winner_of_the_other_arm(runs, place):
    """If b is not worse, a higher score of b does not make it worse."""
    first, second = sides(runs)
    before = duel_of(first, second)
    raised = [[1.0] * len(run) if n == place % len(second) else run for n, run in enumerate(second)]
    after = duel_of(first, raised)
    assert after.gain >= before.gain - 1e-9
    if before.standing is not Standing.WORSE and before.gain >= 0.0:
        assert after.standing is not Standing.WORSE


def test_p_of_equal_arms_is_uniform_or_larger():
    """At each level no more comparisons of equal arms are below it than the level says, but for simulation noise."""
    rng = np.random.default_rng(20_260_131)
    n = 400
    found = []
    for _ in range(n):
        rates = rng.random(12)
        both = [[[float(rng.random() < rate) for _ in range(4)] for rate in rates] for _ in range(2)]
        found.append(duel_of(*both).p)
    for level in (0.01, 0.05, 0.1, 0.2, 0.5):
        expected = level * n
        # Three standard errors: a sound test fails here once in a thousand seeds, and this seed is fixed.
        assert sum(p <= level for p in found) <= expected + 3 * (expected * (1 - level)) ** 0.5
