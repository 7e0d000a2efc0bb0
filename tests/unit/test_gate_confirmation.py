"""Red stays red only where the base version, run beside this one, is better; whom to run, and what it says."""

from __future__ import annotations

import pytest

from pytest_llmeval.gate import compare_all, decide
from pytest_llmeval.gate.confirmation import confirm, confirmation_sentences, to_confirm
from pytest_llmeval.records import Confirmation, Verdict
from tests.unit.gate_lines import TEST, baseline, line, passes

STABLE = [line(str(n), passes(10, 10)) for n in range(9)]
STORED = baseline(*STABLE, line("eu", passes(10, 10)))
NOW = [*STABLE, line("eu", passes(0, 10))]


def _confirmed(stored, now, *rerun):
    compared = compare_all(stored, now)
    verdict = decide(compared)
    weighed, reruns = confirm(stored, now, compared, verdict.comparisons, {one.id: one for one in rerun})
    return decide(weighed), reruns


def test_only_what_is_named_is_run():
    """A broken case explains the fall of the mean; the others are not bought again."""
    verdict = decide(compare_all(STORED, NOW))

    assert Verdict.REGRESSED is verdict.verdict
    assert [NOW[-1].id] == list(to_confirm(STORED, NOW, verdict.comparisons))


def test_a_mean_that_fell_everywhere_takes_all_cases():
    """Nothing less could confirm it."""
    stored = baseline(*(line(f"{n:02}", passes(9, 10)) for n in range(40)))
    now = [line(f"{n:02}", passes(7, 10)) for n in range(40)]
    verdict = decide(compare_all(stored, now))

    assert Verdict.REGRESSED is verdict.verdict
    assert 40 == len(to_confirm(stored, now, verdict.comparisons))


def test_a_case_that_the_base_version_passes_is_confirmed():
    """Red, by both."""
    verdict, (told,) = _confirmed(STORED, NOW, line("eu", passes(9, 10)))

    assert Verdict.REGRESSED is verdict.verdict
    assert Confirmation.CONFIRMED is told.word
    assert [f"CONFIRMED {TEST}[eu] relevance: 9 of 10 on main now, 0 of 10 here."] == list(
        confirmation_sentences([told], "main")
    )


def test_a_case_that_fails_on_the_base_version_too_is_not_red():
    """Not this branch's fault; the verdict is undecided, and never unchanged: the fall is there."""
    verdict, (told,) = _confirmed(STORED, NOW, line("eu", passes(1, 10)))

    assert Verdict.UNDECIDED is verdict.verdict
    assert Confirmation.ALSO_ON_BASE is told.word
    assert not any(text.startswith("REGRESSED") for text in verdict.sentences)


def test_what_may_be_chance_is_not_red_either():
    """Seven of ten there and three of ten here: nearer to what is stored, and no proof."""
    verdict, (told,) = _confirmed(
        baseline(*STABLE, line("eu", passes(10, 10))), [*STABLE, line("eu", passes(3, 10))], line("eu", passes(7, 10))
    )

    assert (Verdict.UNDECIDED, Confirmation.CHANCE) == (verdict.verdict, told.word)


@pytest.mark.parametrize(
    ("rerun", "word"),
    [((), Confirmation.NOT_RUN), ((line("eu", passes(0, 1)),), Confirmation.TOO_FEW)],
)
def test_what_cannot_be_told_leaves_the_verdict(rerun, word):
    """Nothing was run there, or one trial, of which no number of ten could be proven."""
    stored = baseline(*STABLE, line("eu", passes(10, 10)))
    verdict, (told,) = _confirmed(stored, NOW, *rerun)

    assert (Verdict.REGRESSED, word) == (verdict.verdict, told.word)


def test_a_mean_is_confirmed_by_the_mean():
    """The base version at 0.9 now: red. At 0.7 as here: not."""
    stored = baseline(*(line(f"{n:02}", passes(9, 10)) for n in range(40)))
    now = [line(f"{n:02}", passes(7, 10)) for n in range(40)]

    assert Verdict.REGRESSED is _confirmed(stored, now, *stored.lines.values())[0].verdict
    assert Verdict.UNDECIDED is _confirmed(stored, now, *now)[0].verdict
    # Half of them was not run: that cannot speak for all.
    assert Verdict.REGRESSED is _confirmed(stored, now, *now[:20])[0].verdict


def test_the_other_comparisons_stand_as_they_stood():
    """Taking one red away neither adds nor takes another."""
    both = [*STABLE, line("eu", passes(10, 10)), line("eu", passes(10, 10), metric="safety")]
    now = [*STABLE, line("eu", passes(0, 10)), line("eu", passes(0, 10), metric="safety")]
    before = decide(compare_all(baseline(*both), now))
    after, _ = _confirmed(baseline(*both), now, line("eu", passes(0, 10)), line("eu", passes(10, 10), metric="safety"))

    assert [Verdict.REGRESSED, Verdict.REGRESSED] == [one.verdict for one in before.comparisons]
    assert [Verdict.UNDECIDED, Verdict.REGRESSED] == [one.verdict for one in after.comparisons]


def test_draws_that_score_otherwise_are_no_chance_and_not_run_again():
    """The very same answers: scoring or application code changed."""
    origins = [f"o{n}" for n in range(5)]
    stored = baseline(line("eu", passes(5, 5), origins=origins))
    now = [line("eu", passes(0, 5), origins=origins)]
    verdict = decide(compare_all(stored, now))

    assert Verdict.REGRESSED is verdict.verdict
    assert () == to_confirm(stored, now, verdict.comparisons)


def test_where_nothing_regressed_what_looks_suspicious_is_run_for_information():
    """It can end an argument, and can never turn red."""
    stored = baseline(*(line(str(n), passes(8, 10)) for n in range(5)))
    now = [*(line(str(n), passes(8, 10)) for n in range(4)), line("4", passes(4, 10))]
    verdict = decide(compare_all(stored, now))

    assert Verdict.UNDECIDED is verdict.verdict
    assert [now[4].id] == list(to_confirm(stored, now, verdict.comparisons))
    after, told = _confirmed(stored, now, line("4", passes(10, 10)))
    assert Verdict.UNDECIDED is after.verdict
    assert [f"FOR INFORMATION {TEST}[4] relevance: 10 of 10 on main now, 4 of 10 here."] == list(
        confirmation_sentences(told, "main", was_red=False)
    )
