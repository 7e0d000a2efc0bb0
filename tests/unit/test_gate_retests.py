"""Whether a case is drawn again, as its worker decides it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_llmeval.gate import next_trials, plan
from pytest_llmeval.records import Draw
from tests.unit.gate_lines import line, passes

BEFORE = line("eu", passes(10, 10))


def planned(n=100, *others, **settings):
    """Return the plan of a session of n stable cases with ten trials each, and some others."""
    every = [*(line(str(case), passes(10, 10)) for case in range(n - 1)), BEFORE, *others]
    return plan(every, trials="auto", **settings)


def wanted(scores, before=BEFORE, plan_=None, **fields):
    """Return how many trials a case should have, given its scores so far."""
    now = [line("eu", scores, **fields)] if len(scores) else []
    return next_trials([before], now, plan_ or planned(), suite="")


def test_case_without_a_trial_has_the_first_ones():
    """One of a hundred: 1; of twenty: 2."""
    assert wanted([]) == 1
    assert wanted([], plan_=planned(20)) == 2


def test_case_that_passes_is_done():
    """As many as it has."""
    assert wanted([1.0]) == 1


def test_case_that_fails_is_drawn_to_the_first_look():
    """It always passed on main."""
    assert wanted([0.0]) == 5


def test_case_that_fails_on_main_too_is_done():
    """4 of 10 on main: a failure here is nothing to look at."""
    assert wanted([0.0], line("eu", passes(4, 10))) == 1


def test_broken_case_is_drawn_until_it_is_proven():
    """0 of 5 against 10 of 10 is p = 7e-5, and 1 of 100 lines has 2e-5 at this look; 0 of 10 is 1e-6, and has 3e-5."""
    assert wanted(passes(0, 5)) == 10
    assert wanted(passes(0, 10)) == 10


def test_case_that_recovers_is_given_up():
    """4 of 5 against 9 of 10: p is above 0.20; 7 of 10 against 10 of 10 at the second look: 0.06, above 0.02."""
    assert wanted(passes(4, 5), line("eu", passes(9, 10))) == 5
    assert wanted(passes(7, 10)) == 10


def test_last_look_is_the_last():
    """20 trials, however bad."""
    assert wanted(passes(6, 20)) == 20


def test_case_that_can_no_longer_be_proven_is_done():
    """7 of 10 on main: even 0 of 20 here has p = 1.5e-5; at that look a line has 5e-5 of 100, and 5e-6 of 1,000."""
    before = line("eu", passes(7, 10))
    assert wanted([0.0], before, planned(100)) == 5
    assert wanted([0.0], before, planned(1000)) == 1


def test_case_that_main_knows_too_little_of_is_done():
    """With one trial on main no number here proves anything."""
    assert wanted([0.0], line("eu", [1.0]), planned(100, line("young", [1.0]))) == 1


def test_continuous_scores_are_drawn_again_too():
    """0.3 where main had 0.8 to 0.9."""
    before = line("eu", [0.8 + 0.01 * place for place in range(10)])
    assert wanted([0.3], before) == 5
    assert wanted([0.3, 0.31, 0.29, 0.32, 0.28], before) == 10
    assert wanted([0.85], before) == 1


def test_small_fall_is_not_worth_a_call():
    """4 points below main would never be named, however often it is drawn."""
    assert wanted([0.86], line("eu", [0.9, 0.9001] * 5)) == 1


def test_the_metric_that_needs_most_decides():
    """One metric is fine, the other broke."""
    other = line("eu", passes(10, 10), metric="safety")
    known = [BEFORE, other]
    now = [line("eu", [1.0]), line("eu", [0.0], metric="safety")]
    assert next_trials(known, now, planned(100, other), suite="") == 5


@pytest.mark.parametrize(
    "fields", [{"input_hash": "other"}, {"metric_version": "2"}], ids=["edited case", "other version of the metric"]
)
def test_what_cannot_be_compared_is_not_drawn_again(fields):
    """No number of trials makes it comparable."""
    assert wanted([0.0], **fields) == 1


def test_replayed_draws_are_no_reason_to_draw_again():
    """They are the baseline's own, and compared exactly."""
    before = line("eu", passes(10, 10), origins=tuple("abcdefghij"))
    assert wanted([0.0], before, origins=("a",)) == 1


def test_new_case_is_not_drawn_again():
    """There is nothing to suspect it by."""
    assert next_trials([], [line("new", [0.0])], planned(), suite="") == 1


def test_case_with_a_case_level_line_has_the_trials_of_main():
    """Consistency over 7 trials is compared with consistency over 7."""
    consistent = line("eu", [0.9], metric="consistency", is_case_level=True, n_trials=7)
    assert next_trials([BEFORE, consistent], [], planned(), suite="") == 7
    assert next_trials([BEFORE, consistent], [line("eu", passes(0, 7))], planned(), suite="") == 7


def test_unscored_trials_count_as_drawn():
    """A provider that fails is not asked for ever: 3 scored and 2 not are five."""
    now = [line("eu", [0.0] * 3, n_unscored=2)]
    assert next_trials([BEFORE], now, planned(), suite="") == 10
    assert next_trials([BEFORE], [line("eu", [], n_unscored=1)], planned(), suite="") == 1


def test_fixed_trials_are_never_drawn_again():
    """The user said how many."""
    fixed = plan([BEFORE], trials=3)
    assert wanted(passes(0, 3), plan_=fixed) == 3


def test_no_case_is_drawn_for_ever():
    """Whatever it scores, asking again and again ends at 20."""
    for rate in (0.0, 0.2, 0.5, 0.8, 1.0):
        n = 0
        for _ in range(10):
            scores = [float(place % 10 >= 10 * (1 - rate)) for place in range(n)]
            more = wanted(scores)
            assert more >= n
            if more == n:
                break
            n = more
        assert n <= 20
        assert wanted([float(place % 10 >= 10 * (1 - rate)) for place in range(n)]) == n


def test_draws_are_placed_by_their_trial():
    """A trial whose test broke before the check leaves a gap; it was drawn all the same."""
    now = line("eu", [])
    gap = type(now)(id=now.id, suite="", threshold=0.5, draws=(Draw(0.0, "run", "", 4),))
    assert gap.n_drawn == 5


def test_a_passing_case_imports_nothing_heavy():
    """A worker of a green suite never loads numpy."""
    program = (
        "import sys\n"
        "from pytest_llmeval.gate import next_trials, plan\n"
        "from pytest_llmeval.records import CheckId, Draw, Line\n"
        "line = lambda n: Line(id=CheckId('t', 'c', 'm'), suite='', draws=(Draw(1.0),) * n, threshold=0.5)\n"
        "planned = plan([line(10)], trials='auto')\n"
        "print(next_trials([line(10)], [line(3)], planned, suite=''))\n"
        "print(sorted({'numpy', 'scipy'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert done.stdout == "3\n[]\n"
