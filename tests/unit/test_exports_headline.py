"""A page has room for few sentences: what is said of many metrics is said once, and nothing that is proven is lost."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmeval.exports.headline import brief
from pytest_llmeval.gate import compare_all, decide
from pytest_llmeval.records import CheckId, Comparison, Draw, Line, Verdict
from tests.unit.gate_lines import baseline, line, passes

UNDECIDED, UNCHANGED = Verdict.UNDECIDED, Verdict.UNCHANGED


def compared(suite: str, metric: str, verdict: Verdict, **fields: object) -> Comparison:
    """Return a comparison of 10 lines."""
    return Comparison(suite=suite, metric=metric, verdict=verdict, **({"n_compared": 10} | fields))


def said(*comparisons: Comparison) -> tuple[str, ...]:
    """Return the short form of what the gate says of these comparisons."""
    return brief(decide(comparisons))


def test_undecided_comparisons_are_one_sentence_with_the_range_of_what_could_have_shown() -> None:
    """12 points at best, 47 at worst; 47 is the consistency suite's own metric, so it is named once."""
    assert said(
        compared("support", "relevance", UNDECIDED, mde=0.12),
        compared("consistency", "consistency", UNDECIDED, mde=0.4601),
        compared("support", "safety", UNDECIDED, mde=0.3, drop=-0.2),
        compared("support", "states_fact", UNCHANGED, high=0.024),
    ) == (
        (
            "UNDECIDED 3 of 4 metrics show no regression, but only a drop this large would have shown: "
            "12 points or more in support relevance, up to 47 in consistency."
        ),
        "UNCHANGED any drop in support states_fact is at most 2.4 points.",
    )


def test_the_largest_fall_is_told() -> None:
    """A fall that is not proven is not called nothing, however many metrics stand beside it."""
    (sentence,) = said(
        compared("s", "a", UNDECIDED, mde=0.2, drop=0.02, p_min=0.2),
        compared("s", "b", UNDECIDED, mde=0.2, drop=0.075, p_min=0.06),
    )
    assert sentence == (
        "UNDECIDED both metrics show no regression, but only a drop of 20 points or more would have shown. "
        "The largest fall, 7.5 points in b, may be chance."
    )


def test_one_undecided_comparison_is_named() -> None:
    """One fall of one point."""
    assert said(compared("", "a", UNDECIDED, mde=0.0842, drop=0.01)) == (
        (
            "UNDECIDED a shows no regression, but only a drop of 9 points or more would have shown. "
            "Its fall of 1 point may be chance."
        ),
    )


def test_a_run_that_could_have_found_nothing_says_so() -> None:
    """Alone, in all, and in the worst of several."""
    assert said(compared("", "a", UNDECIDED, mde=1.0)) == (
        "UNDECIDED a shows no regression, but no drop of any size would have shown.",
    )
    assert said(compared("", "a", UNDECIDED, mde=1.0), compared("", "b", UNDECIDED)) == (
        "UNDECIDED both metrics show no regression, but no drop of any size would have shown.",
    )
    assert said(compared("", "a", UNDECIDED, mde=1.0), compared("", "b", UNDECIDED, mde=0.5)) == (
        (
            "UNDECIDED both metrics show no regression, but only a drop this large would have shown: "
            "50 points or more in b, none of any size in a."
        ),
    )


def test_unchanged_by_a_sample_and_unchanged_by_replay_are_two_things() -> None:
    """The bound is the widest that was found; three are named, the others counted."""
    sampled = [compared("", f"m{n}", UNCHANGED, high=n / 100) for n in range(5)]
    assert said(*sampled, compared("", "old", UNCHANGED, n_compared=0, n_replayed=3)) == (
        "UNCHANGED any drop in m0, m1, m2 and 2 more is at most 4 points.",
        "UNCHANGED old (replayed: the baseline's own recordings; says nothing about the model).",
    )


def test_where_all_are_unchanged_no_list_is_read() -> None:
    """The session of a pull request that touches no prompt: one short sentence."""
    replayed = [compared("", f"m{n}", UNCHANGED, n_compared=0, n_replayed=3) for n in range(5)]
    assert said(*replayed) == (
        "UNCHANGED all 5 metrics (replayed: the baseline's own recordings; says nothing about the model).",
    )


def test_missing_baselines_are_named_with_the_command_that_adds_them() -> None:
    """Beside others that are compared."""
    assert said(
        compared("", "a", UNCHANGED, high=0.01),
        compared("", "b", Verdict.NO_BASELINE, n_compared=0),
        compared("", "c", Verdict.NO_BASELINE, n_compared=0),
    ) == (
        "UNCHANGED any drop in a is at most 1 point.",
        "NO BASELINE yet for b and c; `pytest --llmeval-baseline-update=new-only` on main adds it.",
    )


def test_what_is_proven_or_asks_for_an_act_stays_as_the_gate_says_it() -> None:
    """Regressed, improved and not comparable metrics, new cases, and what is for information only."""
    comparisons = (
        compared("", "a", Verdict.REGRESSED, p_min=0.0, p_mean=0.0, drop=0.2, low=0.1, high=0.3),
        compared("", "b", Verdict.IMPROVED, drop=-0.2, low=-0.3, high=-0.1, added=(CheckId("t", "new", "b"),)),
        compared("", "c", Verdict.INCOMPARABLE, n_compared=0, notes=("its cases' inputs were edited",)),
        compared("", "d", UNDECIDED, is_informational=True),
    )
    verdict = decide(comparisons)
    assert len(verdict.sentences) == 5
    assert brief(verdict) == verdict.sentences


def test_what_fails_at_times_on_main_too_is_counted_once() -> None:
    """One sentence for all metrics, made of what the gate really says; one metric's alone stays as it is."""
    now = [line(case, passes(9, 10), metric=metric) for metric in ("a", "b") for case in ("x", "y")]
    whole = decide(compare_all(baseline(*now), [replace(one, draws=fresh(one)) for one in now]))
    flaky = [text for text in whole.sentences if "at times" in text]
    assert 2 == len(flaky)
    assert flaky[0].startswith("a: 2 checks failed a trial here that also fail at times on main (expected 1.3")

    told = [text for text in brief(whole) if "at times" in text]
    assert ["4 checks failed a trial here that also fail at times on main (expected 2.6)."] == told
    alone = replace(whole, sentences=tuple(text for text in whole.sentences if text != flaky[1]))
    assert flaky[0] in brief(alone)


def fresh(one: Line) -> tuple[Draw, ...]:
    """Return the same scores, drawn anew."""
    return tuple(draw._replace(origin=f"now {number}") for number, draw in enumerate(one.draws))
