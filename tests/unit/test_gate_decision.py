"""The session's verdict: Holm over the comparisons, the worst that is proven, and the words for it."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmeval.gate import compare_all, decide
from pytest_llmeval.records import CaseVerdict, CheckId, Comparison, Verdict
from tests.unit.gate_lines import TEST, baseline, line, passes

ORIGINS = tuple("abcde")


def comparison(metric, verdict, **fields):
    """Return a comparison of 10 lines that spends nothing on single cases."""
    return Comparison(suite="", metric=metric, verdict=verdict, **({"alpha_mean": 0.05, "n_compared": 10} | fields))


def fallen(metric, p, **fields):
    """Return a comparison whose mean fell with this p."""
    return comparison(metric, Verdict.REGRESSED, p_mean=p, p_min=p, drop=0.061, low=0.024, high=0.098, **fields)


def case(name, p, metric="relevance"):
    """Return a named case."""
    return CaseVerdict(
        id=CheckId(TEST, name, metric),
        verdict=Verdict.REGRESSED,
        baseline_mean=1.0,
        baseline_trials=10,
        current_mean=0.0,
        current_trials=10,
        p_adjusted=p,
        reason="passed 10 of 10 on main, 0 of 10 here",
    )


def words(session):
    """Return the verdict of each comparison by its metric."""
    return {comparison.metric: comparison.verdict for comparison in session.comparisons}


def test_error_rate_belongs_to_the_session():
    """Holm: 0.02 of 3 stands at 0.05/3 no longer, so neither does 0.03."""
    unchanged = comparison("c", Verdict.UNCHANGED)
    found = decide([fallen("a", 0.02), fallen("b", 0.03), unchanged])
    assert found.verdict is Verdict.UNDECIDED
    assert words(found) == {"a": Verdict.UNDECIDED, "b": Verdict.UNDECIDED, "c": Verdict.UNCHANGED}


def test_holm_goes_on_after_a_rejection():
    """0.01 stands at 0.05/2; 0.04 then at 0.05."""
    found = decide([fallen("a", 0.04), fallen("b", 0.01)])
    assert words(found) == {"a": Verdict.REGRESSED, "b": Verdict.REGRESSED}


def test_what_is_not_compared_or_only_informs_costs_nothing():
    """One gated comparison is tested at the whole level."""
    others = [
        comparison("b", Verdict.NO_BASELINE, n_compared=0),
        comparison("c", Verdict.INCOMPARABLE, n_compared=0),
        fallen("d", 1e-9, is_informational=True),
    ]
    found = decide([fallen("a", 0.04), *others])
    assert words(found)["a"] is Verdict.REGRESSED
    assert decide([comparison("a", Verdict.UNCHANGED), *others]).verdict is Verdict.UNCHANGED


def test_cases_are_named_at_the_level_holm_gives():
    """Two comparisons: a case that was named at 0.025 needs 0.0125."""
    cases = (case("certain", 0.001), case("weak", 0.02))
    found = decide(
        [
            comparison("a", Verdict.REGRESSED, alpha_mean=0.025, p_case=0.001, p_min=0.002, cases=cases),
            comparison("b", Verdict.UNDECIDED),
        ]
    )
    assert [case.verdict for case in found.comparisons[0].cases] == [Verdict.REGRESSED, Verdict.UNDECIDED]


def test_replayed_fall_stands_at_any_level():
    """The same draws score less: no chance is involved, however many comparisons there are."""
    stored = baseline(line("eu", [0.9] * 5, origins=ORIGINS))
    (exact,) = compare_all(stored, [line("eu", [0.2] * 5, origins=ORIGINS)])
    found = decide([exact, *(comparison(str(other), Verdict.UNCHANGED) for other in range(50))])
    assert found.verdict is Verdict.REGRESSED
    assert found.sentences[0] == (
        f"REGRESSED {TEST}[eu] relevance: scoring or application code changed: "
        "the same 5 draws scored 0.90 on main, 0.20 here."
    )


def test_broken_case_in_words():
    """Name, passes, and how rare it is; no p-value."""
    found = decide(compare_all(baseline(line("eu", passes(10, 10))), [line("eu", passes(0, 10))]))
    assert found.sentences == (
        (
            f"REGRESSED {TEST}[eu] relevance: passed 10 of 10 on main, 0 of 10 here. "
            "Chance of any such case if nothing changed: under 1 in 1000."
        ),
    )


def test_fallen_mean_in_words():
    """No single case is proven: the average speaks, with the largest falls."""
    cases = tuple(replace(case(name, 0.3), verdict=Verdict.UNDECIDED) for name in ("eu", "us"))
    assert decide([fallen("relevance", 0.001, cases=cases)]).sentences == (
        (
            "REGRESSED relevance: average fell 6.1 points (between 2.4 and 9.8); no single case is provably broken. "
            f"Largest falls: {TEST}[eu], {TEST}[us] (unproven)."
        ),
    )


def test_unchanged_and_undecided_in_words():
    """Each says of which suite and metric it speaks, the session's own verdict first."""
    found = decide(
        [
            comparison("a", Verdict.UNCHANGED, drop=0.004, low=-0.02, high=0.031),
            replace(comparison("b", Verdict.UNDECIDED, mde=0.0842), suite="support"),
        ]
    )
    assert found.sentences == (
        "UNDECIDED support b: no sign of a regression, but only a drop of 9 or more points would have shown.",
        "UNCHANGED a: any drop is smaller than 5 points (estimate 0.4, at most 3.1).",
    )


def test_undecided_fall_is_not_called_no_sign():
    """A fall that chance may explain is told."""
    found = decide([comparison("a", Verdict.UNDECIDED, drop=0.045, p_mean=0.1, p_min=0.1, mde=1.0)])
    assert found.sentences == (
        "UNDECIDED a: average fell 4.5 points, which may be chance; no drop of any size would have shown.",
    )


def test_improved_in_words():
    """The average rose."""
    found = decide([comparison("a", Verdict.IMPROVED, drop=-0.1, low=-0.15, high=-0.05)])
    assert found.verdict is Verdict.IMPROVED
    assert found.sentences == ("IMPROVED a: average rose 10 points (between 5 and 15).",)


def test_replayed_session_is_one_sentence():
    """Two metrics of which the same is said share it."""
    lines = [line("eu", passes(3, 5), metric=metric, origins=ORIGINS) for metric in ("relevance", "safety")]
    found = decide(compare_all(baseline(*lines), lines))
    assert found.verdict is Verdict.UNCHANGED
    assert found.sentences == (
        "UNCHANGED relevance, safety (replayed: the baseline's own recordings; says nothing about the model).",
    )


def test_ten_broken_cases_are_named_and_the_others_counted():
    """13 broken cases: 10 sentences, and 3 more."""
    cases = tuple(case(f"{number:02}", 0.001) for number in range(13))
    found = decide([comparison("relevance", Verdict.REGRESSED, p_case=0.001, p_min=0.002, cases=cases)])
    assert len(found.sentences) == 11
    assert found.sentences[10] == "REGRESSED and 3 more cases."


def test_new_and_edited_cases_in_words():
    """A new case is named once, however many metrics measure it, and is no regression."""
    stored = baseline(
        *(line(str(n), passes(10, 10)) for n in range(10)), line("gone", [1.0]), line("moved", [1.0], input_hash="1")
    )
    now = [line(str(n), passes(10, 10)) for n in range(10)]
    now += [line("new", [0.0]), line("moved", [1.0], input_hash="2")]
    found = decide(compare_all(stored, now))
    assert found.verdict is Verdict.UNDECIDED
    assert found.invalid == ()
    assert found.sentences[1:] == (
        f"1 new case without a baseline yet: {TEST}[new].",
        f"1 case with another input than on main, not compared: {TEST}[moved].",
    )


def test_too_many_gone_cases_leave_no_verdict():
    """More than 20 % of the baseline's lines: 2 of 9; 2 of 10 is not more."""
    fields = {"removed": (CheckId(TEST, "x", "a"),), "edited": (CheckId(TEST, "y", "a"),)}
    assert decide([comparison("a", Verdict.UNCHANGED, **(fields | {"n_compared": 7}))]).invalid == (
        "only 7 of 9 checks of the baseline could be compared",
    )
    assert decide([comparison("a", Verdict.UNCHANGED, **(fields | {"n_compared": 8}))]).invalid == ()


def test_no_baseline_is_no_verdict():
    """Never a green gate by omission."""
    found = decide(compare_all(baseline(), [line("eu", passes(5, 5))]))
    assert found.verdict is Verdict.NO_BASELINE
    assert found.sentences == ("NO BASELINE relevance: no baseline yet.",)
    assert found.invalid == ("there is no baseline yet; `pytest --llmeval-baseline-update` records one",)


def test_nothing_comparable_is_no_verdict():
    """All metrics changed."""
    found = decide(compare_all(baseline(line("eu", [1.0])), [line("eu", [1.0], metric_version="2")]))
    assert found.verdict is Verdict.INCOMPARABLE
    assert found.invalid == ("nothing here can be compared with the baseline",)
    assert found.sentences[0].startswith("NOT COMPARABLE relevance: the metric or its judge changed")


def test_not_comparable_says_why_and_what_next():
    """Edited inputs, renamed cases, checks that were not run, other trials: each names the act that helps."""
    record = "`pytest --llmeval-baseline-update` on main records the baseline anew"

    def why(before, now):
        (first, *_) = decide(compare_all(baseline(*before), now)).sentences
        return first.removeprefix("NOT COMPARABLE relevance: ")

    old = line("eu", [1.0])
    assert why([old], [replace(old, input_hash="2")]) == f"its cases' inputs were edited; {record}."
    assert why([old], [line("us", [1.0])]) == f"none of its cases is in the baseline; {record}."
    assert why([old], []) == (
        "none of its checks is in this session; run their tests too, or take their lines out of the baseline."
    )
    assert why([old], [line("eu", [])]) == f"no score to compare for {TEST}[eu] relevance; run it again."


def test_one_point_is_singular():
    """A margin of 0.01, and a fall of one point."""
    found = decide([comparison("a", Verdict.UNDECIDED, drop=0.01, p_min=0.1, mde=1.0)])
    assert found.sentences[0].startswith("UNDECIDED a: average fell 1 point, which")
    found = decide([comparison("a", Verdict.UNCHANGED, high=0.005)], margin=0.01)
    assert found.sentences[0].startswith("UNCHANGED a: any drop is smaller than 1 point (")


def test_nothing_gated_is_no_verdict():
    """A gate over checks without thresholds, or over none, cannot be green."""
    recorded = line("eu", [1.0], threshold=None)
    found = decide(compare_all(baseline(recorded), [recorded]))
    assert found.invalid == ("nothing is gated: no check has a threshold",)
    assert found.sentences == ("FOR INFORMATION relevance: undecided (no threshold, so nothing depends on it).",)
    assert decide([]).invalid == ("there is no check to compare",)
