"""A session whose suspicious cases were drawn again: what its mean and its single cases are judged by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.gate import compare, compare_all, decide, plan, summarise
from pytest_llmeval.gate.pairs import after
from pytest_llmeval.gate.unconditional import boschloo
from pytest_llmeval.records import Draw, Verdict
from tests.unit.gate_lines import TEST, baseline, line, passes


def drawn(case, scores, **fields):
    """Return a line whose draws know their trials."""
    plain = line(case, scores, **fields)
    draws = tuple(draw._replace(trial=place) for place, draw in enumerate(plain.draws))
    return replace(plain, draws=draws)


def stored(n, n_trials=10):
    """Return baseline lines that always passed."""
    return [line(str(case), passes(n_trials, n_trials)) for case in range(n)]


def compared(before, now, **settings):
    """Compare a session of one metric that was drawn by its plan."""
    planned = plan(before, trials="auto", **settings)
    (found,) = compare_all(baseline(*before), now, trials=planned)
    return found


def test_broken_case_is_named_at_a_look():
    """0 of 10 against 10 of 10 among 100 lines: p = 9.5e-7 over the look's 0.3, times 100."""
    now = [drawn("0", passes(0, 10)), *(drawn(str(case), [1.0]) for case in range(1, 100))]
    found = compared(stored(100), now)
    assert found.verdict is Verdict.REGRESSED
    assert found.cases[0].reason == "passed 10 of 10 on main, 0 of 10 here"
    assert found.p_case == pytest.approx(boschloo(10, 10)[10, 0] / 0.3 * 100)
    assert found.alpha_case == pytest.approx(0.01)


def test_case_before_its_first_look_is_not_named():
    """4 failures of 4 are no look, whatever they would prove."""
    now = [drawn("0", passes(0, 4)), *(drawn(str(case), [1.0] * 3) for case in range(1, 5))]
    found = compared(stored(5), now)
    assert found.p_case == 1.0
    assert found.cases[0].verdict is Verdict.UNDECIDED


def test_mean_counts_only_the_trials_that_every_case_had():
    """Retests were drawn because they looked bad: 19 more failures of one case leave the drop at one of a hundred."""
    now = [drawn("0", passes(0, 20)), *(drawn(str(case), [1.0]) for case in range(1, 100))]
    found = compared(stored(100), now)
    assert found.drop == pytest.approx(0.01)
    (summary,) = summarise(now, plan(stored(100), trials="auto"))
    assert (summary.mean, summary.n_scored) == (pytest.approx(0.99), 100)
    assert summarise(now)[0].n_scored == 119


def test_first_trials_are_known_by_their_index():
    """Trial 0 is unscored: trials 1 to 4 are retests, and none of them enters the mean."""
    late = replace(line("0", []), draws=tuple(Draw(0.0, "run", "", place) for place in range(1, 5)), n_unscored=1)
    now = [late, *(drawn(str(case), [1.0]) for case in range(1, 100))]
    found = compared(stored(100), now)
    assert found.drop == 0.0
    assert found.n_compared == 100
    (summary,) = summarise(now, plan(stored(100), trials="auto"))
    assert (summary.n_scored, summary.n_unscored, summary.n_cases) == (99, 1, 99)


def test_fall_of_every_case_is_seen_in_the_mean():
    """20 cases lose one of their two first trials: no case is provable, the mean is, at four fifths of the level."""
    now = [drawn(str(case), [1.0, 0.0]) for case in range(20)]
    found = compared(stored(20), now)
    assert found.verdict is Verdict.REGRESSED
    assert (found.p_mean, found.alpha_mean) == (1e-4, pytest.approx(0.04))


def test_mean_has_the_whole_level_where_no_case_can_be_proven():
    """One trial on main each: nothing is set aside for single cases."""
    now = [drawn(str(case), [1.0, 0.0]) for case in range(20)]
    found = compared(stored(20, 1), now)
    assert (found.case_share, found.alpha_mean) == (0.0, 0.05)
    assert "cannot be judged alone: main has 1 trial; " in found.notes[0]


def test_a_rejected_mean_passes_its_level_on_to_the_cases():
    """Cases are then named at 5 %, not at 1 %."""
    now = [drawn("0", passes(0, 5)), *(drawn(str(case), [1.0, 0.0]) for case in range(1, 20))]
    found = compared(stored(20), now)
    assert found.alpha_case == 0.05
    assert 0.005 < found.p_case < 0.01


def test_level_is_charged_for_all_lines_and_not_for_the_retested_ones():
    """One suspect of 5 or of 1,000: its price grows with the lines it was picked from."""
    few, many = (
        compared(stored(n), [drawn("0", passes(0, 10)), *(drawn(str(case), [1.0] * 3) for case in range(1, n))])
        for n in (5, 1000)
    )
    assert many.p_case == pytest.approx(200 * few.p_case)


def test_continuous_case_is_judged_by_the_exchange_of_labels():
    """0.3 where main had 0.80 to 0.89, 5 trials: p = 1 / C(15, 5), over the look's 0.2, times 3 lines."""
    before = [line(str(case), [0.8 + 0.01 * place for place in range(10)]) for case in range(3)]
    now = [
        drawn("0", [0.3, 0.31, 0.29, 0.32, 0.28]),
        *(drawn(str(case), [0.84, 0.85, 0.83]) for case in (1, 2)),
    ]
    found = compared(before, now)
    assert found.p_case == pytest.approx(3 * 5 / 3003)
    assert found.verdict is Verdict.REGRESSED


@pytest.mark.parametrize(("n_trials", "verdict"), [(5, Verdict.UNDECIDED), (10, Verdict.REGRESSED)])
def test_holm_splits_the_share_of_the_cases(n_trials, verdict):
    """Two metrics: a case has 0.5 % instead of 1 %. 0 of 5 has 0.7 % over all lines, 0 of 10 far less."""
    before = [*stored(10), *(line(str(case), passes(5, 10)) for case in range(10, 20))]  # the latter pass more here
    before += [line(str(case), passes(10, 10), metric="safety") for case in range(20)]
    now = [drawn("0", passes(0, n_trials)), *(drawn(str(case), [1.0, 1.0]) for case in range(1, 20))]
    now += [drawn(str(case), [1.0, 1.0], metric="safety") for case in range(20)]
    found = compare_all(baseline(*before), now, trials=plan(before, trials="auto"))
    assert [comparison.verdict for comparison in found] == [Verdict.REGRESSED, Verdict.UNDECIDED]
    decided = decide(found)
    assert decided.verdict is verdict
    assert decided.comparisons[0].cases[0].verdict is verdict
    if verdict is Verdict.REGRESSED:
        assert decided.comparisons[0].alpha_mean == pytest.approx(0.02)
        assert decided.comparisons[0].alpha_case == pytest.approx(0.005)


def test_rounds_count_all_that_was_looked_at():
    """The second round of 100 cases is judged at its own level, and its bound is wider than a single look's."""
    before = stored(100)
    planned = plan(before, trials="auto", until_decided=True)
    second = replace(planned, suites=tuple(replace(suite, n_rounds=2) for suite in planned.suites))
    now = [drawn(str(case), [1.0, float(case >= 4)]) for case in range(100)]
    (found,) = compare_all(baseline(*before), now, trials=second)
    (alone,) = compare_all(baseline(*before), now)
    assert found.p_round == alone.p_mean
    assert found.p_round < found.p_mean < 2 * found.p_round
    assert found.high > alone.high


def test_fixed_plan_changes_nothing():
    """Without looks all cases had their trials at once."""
    before = stored(20)
    now = [drawn(str(case), [1.0, float(case > 3), 1.0]) for case in range(20)]
    assert compare_all(baseline(*before), now, trials=plan(before, trials=3)) == compare_all(baseline(*before), now)


def test_session_without_a_first_trial_says_so():
    """Everything that every case had is unscored."""
    late = replace(line("0", []), draws=(Draw(0.0, "run", "", 3),), n_unscored=3)
    found = compared(stored(1), [late])
    assert found.verdict is Verdict.INCOMPARABLE
    assert "none of the trials that every case has is scored" in found.notes[0]


def test_single_suite_can_be_compared_by_its_plan():
    """``compare`` takes the plan of one suite."""
    before = stored(100)
    now = [drawn("0", passes(0, 10)), *(drawn(str(case), [1.0]) for case in range(1, 100))]
    (suite,) = plan(before, trials="auto").suites
    assert compare(before, now, suite="", metric="relevance", trials=suite) == compared(before, now)


def test_case_level_lines_enter_the_mean_with_their_one_value():
    """Consistency over 5 trials is one draw a session; no look cuts it."""
    fields = {"is_case_level": True, "n_trials": 5}
    before = [line(str(case), [0.9], **fields) for case in range(8)]
    found = compared(before, [line(str(case), [0.3], **fields) for case in range(8)])
    assert found.verdict is Verdict.REGRESSED
    assert found.case_share == 0.0


def test_undecided_says_what_more_trials_would_show():
    """In the sentence itself, with the calls."""
    now = [drawn(str(case), [1.0, 1.0]) for case in range(20)]
    planned = plan(stored(20), trials="auto")
    found = decide(compare_all(baseline(*stored(20)), now, trials=planned))
    assert found.sentences == (
        (
            "UNDECIDED relevance: no sign of a regression, but only a drop of 20 or more points would have shown. "
            "6 more trials per case (120 calls) would make a drop of 5 points visible."
        ),
    )


def test_flaky_but_fine():
    """12 cases that pass 6 of 10 on main fail here: 30 such cases, 12 failures expected."""
    before = [line(str(case), passes(6, 10)) for case in range(30)]
    before += [line(f"stable {case}", passes(10, 10)) for case in range(30)]
    now = [drawn(str(case), [float(case >= 12)]) for case in range(30)]
    now += [drawn(f"stable {case}", [1.0]) for case in range(30)]
    found = decide(compare_all(baseline(*before), now, trials=plan(before, trials="auto")))
    assert found.sentences[-1] == ("relevance: 12 checks failed here that also fail at times on main (expected 12.0).")


def test_broken_case_is_not_counted_among_the_flaky():
    """It is named already."""
    before = [line("eu", passes(9, 10)), *stored(4)]
    now = [drawn("eu", passes(0, 10)), *(drawn(str(case), [1.0] * 3) for case in range(4))]
    found = decide(compare_all(baseline(*before), now, trials=plan(before, trials="auto")))
    assert found.sentences[0].startswith(f"REGRESSED {TEST}[eu] relevance: passed 9 of 10 on main, 0 of 10 here.")
    assert not any("fail at times" in sentence for sentence in found.sentences)


def test_pairs_are_cut_by_trial():
    """A line without a scored trial so far is left out."""
    from pytest_llmeval.gate.matching import pair_of

    pair = pair_of(line("a", [1.0]), drawn("a", [0.0, 1.0, 0.5]), ())
    assert [kept.current for kept in after([pair], 2)] == [(0, 1_000_000_000)]
    assert after([pair], 0) == ()
    assert after([pair], 3) == (pair,)
