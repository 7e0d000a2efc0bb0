"""What holds for adaptive sessions whatever the scores are, and how often small p come where nothing changed."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from pytest_llmeval.gate import compare_all, decide, next_round, next_trials, plan, summarise
from pytest_llmeval.gate.adaptive import line_p
from pytest_llmeval.gate.families import mean_test
from pytest_llmeval.gate.pairs import UNIT, Pair
from pytest_llmeval.gate.spending import LOOKS
from pytest_llmeval.records import Baseline, CheckId, Draw, Line, Verdict

scores = st.sampled_from((0.0, 1.0)) | st.floats(0, 1) | st.sampled_from((0.25, 0.5, 0.75))
mains = st.lists(scores, min_size=1, max_size=12)
streams = st.lists(scores, min_size=20, max_size=20)
suites = st.lists(st.tuples(mains, streams), min_size=1, max_size=6)
quick = settings(max_examples=40)


def a_line(name, run, **fields):
    """Return a line whose draws know their trials."""
    draws = tuple(Draw(score, "run", "", trial) for trial, score in enumerate(run))
    return Line(id=CheckId("test", name, "metric"), suite="", draws=draws, threshold=0.5, **fields)


def session(cases, names=None, *, until_decided=False):
    """Run a session as workers would; return its baseline, plan and lines."""
    names = names or [f"case {place}" for place in range(len(cases))]
    known = [a_line(name, main) for name, (main, _) in zip(names, cases, strict=True)]
    planned = plan(known, trials="auto", until_decided=until_decided)
    return known, planned, [drawn(one, stream, planned) for one, (_, stream) in zip(known, cases, strict=True)]


def drawn(known, stream, planned, n=0):
    """Draw one case until it is done."""
    while True:
        now = a_line(known.id.case, stream[:n])
        wanted = next_trials([known], [now] if n else [], planned, suite="")
        assert wanted >= n
        if wanted == n:
            return now
        n = wanted


def judged(known, planned, now):
    """Return the session's verdict."""
    return decide(compare_all(Baseline(lines={one.id: one for one in known}), now, trials=planned))


@quick
@given(suites, st.randoms(use_true_random=False))
def test_order_of_lines_and_draws_does_not_matter(cases, random):
    """Workers finish in any order; the verdict is the same to the last bit."""
    known, planned, now = session(cases)

    def shuffled(every):
        mixed = [replace(one, draws=tuple(random.sample(one.draws, len(one.draws)))) for one in every]
        return random.sample(mixed, len(mixed))

    assert plan(shuffled(known), trials="auto") == planned
    assert judged(shuffled(known), planned, shuffled(now)) == judged(known, planned, now)
    assert summarise(shuffled(now), planned) == summarise(now, planned)


@quick
@given(suites, st.randoms(use_true_random=False))
def test_names_of_cases_change_nothing(cases, random):
    """Renamed in both runs, every number and every trial stays."""
    names = [f"other {place}" for place in random.sample(range(len(cases)), len(cases))]
    plain, renamed = session(cases), session(cases, names)
    assert [len(one.draws) for one in plain[2]] == [len(one.draws) for one in renamed[2]]
    fields = ("verdict", "drop", "low", "high", "mde", "p_mean", "alpha_mean", "p_case", "alpha_case", "p_min")
    found, again = (judged(*one).comparisons[0] for one in (plain, renamed))
    assert [getattr(again, field) for field in fields] == [getattr(found, field) for field in fields]


@quick
@given(mains, st.lists(scores, min_size=1, max_size=20), st.data())
def test_better_score_never_makes_a_case_look_worse(main, run, data):
    """One score here is raised: the p of the line over all looks does not fall."""
    place = data.draw(st.integers(0, len(run) - 1))
    better = [*run]
    better[place] = data.draw(st.floats(run[place], 1.0))

    def p(current):
        whole = [tuple(round(score * UNIT) for score in one) for one in (main, current)]
        return line_p(Pair(id=CheckId("t", "c", "m"), baseline=whole[0], current=whole[1]))

    # A line whose scores stop or begin to be of two kinds changes its test, and Boschloo's p is the smaller one.
    if len({*main, *run}) > 2 and len({*main, *better}) > 2:
        assert p(better) >= p(run) * (1 - 1e-9)


@quick
@given(st.lists(st.tuples(st.integers(1, 10), st.integers(0, 10), st.lists(st.booleans(), min_size=20)), max_size=5))
def test_better_pass_never_turns_a_session_red(cases):
    """0/1 scores: a session that is not red stays so when a trial passes that failed."""
    cases = [([1.0] * min(n, m) + [0.0] * max(0, m - n), [float(ok) for ok in oks[:20]]) for m, n, oks in cases]
    if not cases:
        return
    known, planned, now = session(cases)
    red = judged(known, planned, now).verdict is Verdict.REGRESSED
    for place, one in enumerate(now):
        for trial, draw in enumerate(one.draws):
            if draw.score == 0.0:
                draws = (*one.draws[:trial], draw._replace(score=1.0), *one.draws[trial + 1 :])
                better = [*now[:place], replace(one, draws=draws), *now[place + 1 :]]
                assert red or judged(known, planned, better).verdict is not Verdict.REGRESSED
                break


@quick
@given(suites)
def test_every_figure_stays_within_its_bounds(cases):
    """In rounds too: probabilities in (0, 1], the drop within its interval, no named case without a fall."""
    known, planned, now = session(cases, until_decided=True)
    for _ in range(6):
        verdict = judged(known, planned, now)
        (found,) = verdict.comparisons
        assert all(0.0 < p <= 1.0 for p in (found.p_mean, found.p_round, found.p_case, found.p_min))
        assert -1.0 <= found.low <= found.drop <= found.high <= 1.0
        assert found.alpha_mean == pytest.approx((1 - found.case_share) * 0.05)
        for case in found.cases:
            if case.verdict is Verdict.REGRESSED:
                assert case.baseline_mean - case.current_mean >= 0.05 - 1e-9
        step = next_round(planned, verdict.comparisons, is_lean=False)
        if step.plan is None:
            return
        planned = step.plan
        now = [
            drawn(before, stream, planned, len(one.draws))
            for before, one, (_, stream) in zip(known, now, cases, strict=True)
        ]
    pytest.fail("a sixth round")


@pytest.mark.parametrize("m", [3, 5, 10])
def test_case_is_rarely_rejected_at_any_look_whatever_its_pass_rate(m):
    """Every path of passes over all looks: P(p of the line <= t) <= t at every rate, for every attained t."""
    steps = [look - before for look, before in zip(LOOKS, (0, *LOOKS), strict=False)]
    ps, passes = [], []
    for before, *parts in itertools.product(range(m + 1), *(range(step + 1) for step in steps)):
        current = [
            score for part, step in zip(parts, steps, strict=True) for score in [UNIT] * part + [0] * (step - part)
        ]
        pair = Pair(id=CheckId("t", "c", "m"), baseline=(UNIT,) * before + (0,) * (m - before), current=tuple(current))
        ps.append(line_p(pair))
        passes.append((before, *parts))
    ps, passes = np.array(ps), np.array(passes)
    for rate in np.linspace(0.02, 0.98, 49):
        chances = np.prod([binom.pmf(passes[:, i], n, rate) for i, n in enumerate((m, *steps))], axis=0)
        order = np.argsort(ps)
        total = np.cumsum(chances[order])
        last = np.append(np.diff(ps[order]) > 0, True)
        assert (total[last] <= ps[order][last] * (1 + 1e-9)).all()


def test_mean_is_rarely_rejected_where_labels_are_exchanged():
    """Three cases of 2 against 2 trials, every exchange of labels: the p of the mean is uniform or larger."""
    pooled = [(0.1, 0.4, 0.7, 0.9), (0.2, 0.2, 0.6, 1.0), (0.0, 0.3, 0.5, 0.8)]
    ways = [list(itertools.combinations(range(4), 2)) for _ in pooled]
    ps = []
    for chosen in itertools.product(*ways):
        pairs = [
            Pair(
                id=CheckId("t", str(case), "m"),
                baseline=tuple(round(UNIT * values[place]) for place in range(4) if place not in now),
                current=tuple(round(UNIT * values[place]) for place in now),
            )
            for case, (values, now) in enumerate(zip(pooled, chosen, strict=True))
        ]
        ps.append(mean_test(pairs)[0])
    for level in (0.01, 0.05, 0.1, 0.3):
        # 9,999 draws: p itself is uncertain by up to 5 standard errors.
        assert np.mean(np.array(ps) <= level) <= level + 5 * (level / 9_999) ** 0.5 + 1 / 216
