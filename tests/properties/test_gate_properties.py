"""What holds for the gate whatever the scores are."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.gate import compare, compare_all, decide, summarise
from pytest_llmeval.records import Baseline, CheckId, Draw, Line, Verdict

scores = st.sampled_from((0.0, 1.0)) | st.floats(0, 1) | st.sampled_from((0.1, 0.2, 0.3, 0.7))
runs = st.lists(scores, min_size=1, max_size=6)
cases = st.lists(st.tuples(runs, runs), min_size=1, max_size=6)
quick = settings(max_examples=40)


def lines(runs, names=None, origin=""):
    """Return one line a run of scores."""
    return [
        Line(
            id=CheckId("test", names[place] if names else f"case {place}", "metric"),
            suite="",
            draws=tuple(Draw(score, "run", f"{origin}{place}{n}" if origin else "") for n, score in enumerate(run)),
            threshold=0.5,
        )
        for place, run in enumerate(runs)
    ]


def compared(before, now):
    """Compare two lists of lines."""
    return compare(before, now, suite="", metric="metric")


@quick
@given(cases, st.randoms(use_true_random=False))
def test_order_of_lines_and_draws_does_not_matter(runs, random):
    """Workers finish in any order; the verdict is the same to the last bit."""
    before, now = lines([run for run, _ in runs]), lines([run for _, run in runs])

    def shuffled(every):
        mixed = [replace(line, draws=tuple(random.sample(line.draws, len(line.draws)))) for line in every]
        return random.sample(mixed, len(mixed))

    assert compared(shuffled(before), shuffled(now)) == compared(before, now)
    assert summarise(shuffled(now)) == summarise(now)


@quick
@given(cases, st.randoms(use_true_random=False))
def test_names_of_cases_change_nothing(runs, random):
    """Renamed in both runs, every number stays."""
    names = [f"other {place}" for place in random.sample(range(len(runs)), len(runs))]
    plain = compared(lines([run for run, _ in runs]), lines([run for _, run in runs]))
    renamed = compared(lines([run for run, _ in runs], names), lines([run for _, run in runs], names))
    fields = ("verdict", "drop", "low", "high", "mde", "p_mean", "alpha_mean", "p_case", "alpha_case", "p_min")
    assert [getattr(renamed, field) for field in fields] == [getattr(plain, field) for field in fields]


@quick
@given(st.lists(runs, min_size=1, max_size=6))
def test_equal_scores_are_never_a_regression(runs):
    """Other draws of the same scores: neither red nor better."""
    found = decide(
        compare_all(Baseline(lines={line.id: line for line in lines(runs, origin="a")}), lines(runs, origin="b"))
    )
    assert found.verdict in (Verdict.UNDECIDED, Verdict.UNCHANGED)
    assert found.comparisons[0].drop == 0.0


@quick
@given(st.lists(runs, min_size=1, max_size=6))
def test_replayed_session_is_unchanged(runs):
    """The baseline's own draws, whatever they scored."""
    own = lines(runs, origin="a")
    found = decide(compare_all(Baseline(lines={line.id: line for line in own}), own))
    assert (found.verdict, found.comparisons[0].n_compared, found.invalid) == (Verdict.UNCHANGED, 0, ())


@quick
@given(cases)
def test_every_figure_stays_within_its_bounds(runs):
    """Probabilities in (0, 1], the drop within its interval and both in [-1, 1], no named case without a fall."""
    found = compared(lines([run for run, _ in runs]), lines([run for _, run in runs]))
    assert all(0.0 < p <= 1.0 for p in (found.p_mean, found.p_case, found.p_min))
    assert -1.0 <= found.low <= found.drop <= found.high <= 1.0
    assert 0.0 < found.mde <= 1.0
    assert 0.025 - 1e-12 <= found.alpha_mean <= 0.05
    for case in found.cases:
        if case.verdict is Verdict.REGRESSED:
            assert case.baseline_mean - case.current_mean >= 0.05 - 1e-9
            assert case.p_adjusted <= 0.05


@quick
@given(cases)
def test_regression_and_improvement_mirror_each_other(runs):
    """With the scores turned upside down, a regression is an improvement of the same size."""
    there = compared(lines([run for run, _ in runs]), lines([run for _, run in runs]))
    back = compared(
        lines([[1.0 - score for score in run] for run, _ in runs]),
        lines([[1.0 - score for score in run] for _, run in runs]),
    )
    assert abs(there.drop + back.drop) < 1e-8
    if there.verdict is Verdict.REGRESSED and there.p_min < 0.04:
        assert back.verdict is Verdict.IMPROVED
