"""One suite by one metric: every situation of GATE section 6 that fixed data can have."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_llmeval.gate import compare, compare_all
from pytest_llmeval.records import Verdict
from tests.unit.gate_lines import baseline, line, passes

ORIGINS = ("a", "b", "c", "d", "e")


def compared(before, now, **settings):
    """Compare two lists of lines."""
    return compare(before, now, suite="", metric="relevance", **settings)


def verdicts(comparison):
    """Return the verdict of each line that is spoken of."""
    return {case.id.case: case.verdict for case in comparison.cases}


def stable(n, n_trials):
    """Return lines that always pass."""
    return [line(f"stable {case}", passes(n_trials, n_trials)) for case in range(n)]


def test_broken_case_is_named_with_its_passes():
    """10 of 10 on main, 0 of 3 here, among 19 stable cases."""
    found = compared([*stable(19, 10), line("eu", passes(10, 10))], [*stable(19, 3), line("eu", passes(0, 3))])
    assert found.verdict is Verdict.REGRESSED
    assert verdicts(found) == {"eu": Verdict.REGRESSED}
    assert found.cases[0].reason == "passed 10 of 10 on main, 0 of 3 here"
    assert found.cases[0].p_adjusted == pytest.approx(1 / 286)
    assert (found.n_compared, found.drop) == (20, pytest.approx(0.05))


def test_fall_of_every_case_is_seen_in_the_mean():
    """20 cases each lose 2 of 10 passes: no single one is provable, together they are."""
    found = compared(
        [line(str(case), passes(10, 10)) for case in range(20)], [line(str(case), passes(8, 10)) for case in range(20)]
    )
    assert found.verdict is Verdict.REGRESSED
    assert found.p_mean == 1e-4
    assert set(verdicts(found).values()) == {Verdict.UNDECIDED}


def test_continuous_fall_is_told_by_means():
    """Scores between 0 and 1 are told as means, each with its number of trials."""
    found = compared([line("eu", [0.8, 0.82] * 5)], [line("eu", [0.2, 0.24, 0.22, 0.2, 0.24])])
    assert verdicts(found) == {"eu": Verdict.REGRESSED}
    assert found.cases[0].reason == "mean 0.81 on main (10 trials), 0.22 here (5 trials)"


def test_improvement_is_the_mirror_image():
    """0 of 10 on main, 10 of 10 here."""
    found = compared([line("eu", passes(0, 10))], [line("eu", passes(10, 10))])
    assert found.verdict is Verdict.IMPROVED
    assert verdicts(found) == {"eu": Verdict.IMPROVED}


def test_unchanged_needs_proof_that_any_drop_is_small():
    """100 stable cases with 10 trials prove it, 5 cases do not."""
    assert compared(stable(100, 10), stable(100, 10)).verdict is Verdict.UNCHANGED
    assert compared(stable(5, 10), stable(5, 10)).verdict is Verdict.UNDECIDED
    assert compared(stable(100, 10), stable(100, 10), margin=0.001).verdict is Verdict.UNDECIDED


def test_nothing_stored_is_no_baseline():
    """Lines without any counterpart are new, never regressed."""
    found = compared([], stable(2, 3))
    assert found.verdict is Verdict.NO_BASELINE
    assert len(found.added) == 2


def test_other_metric_version_is_incomparable():
    """Scores of two versions never meet."""
    found = compared([line("eu", [1.0] * 10)], [line("eu", [0.0] * 10, metric_version="2")])
    assert found.verdict is Verdict.INCOMPARABLE
    assert "'1' on main, '2' here" in found.notes[0]


def test_new_gone_and_edited_cases_are_listed_and_not_tested():
    """Their scores, bad as they are, do not enter."""
    before = [*stable(1, 10), line("gone", passes(10, 10)), line("edited", passes(10, 10), input_hash="old")]
    now = [*stable(1, 10), line("new", passes(0, 10)), line("edited", passes(0, 10), input_hash="new")]
    found = compared(before, now)
    assert [[id_.case for id_ in ids] for ids in (found.added, found.removed, found.edited)] == [
        ["new"],
        ["gone"],
        ["edited"],
    ]
    assert (found.n_compared, found.verdict) == (1, Verdict.UNDECIDED)


def test_no_case_in_common_is_incomparable():
    """All cases were renamed."""
    assert compared([line("old", [1.0])], [line("new", [0.0])]).verdict is Verdict.INCOMPARABLE


def test_unscored_line_is_said_and_not_compared():
    """A line whose trials all failed by the infrastructure has no draws, and no say on the metric's version."""
    found = compared(
        [line("eu", passes(10, 10), metric_version="2"), *stable(1, 10)],
        [line("eu", [], n_unscored=10), *stable(1, 10)],
    )
    assert found.n_compared == 1
    assert any("no score to compare" in note and "[eu]" in note for note in found.notes)


def test_replayed_session_says_nothing_about_the_model():
    """Every draw is the baseline's own: unchanged, and no sample."""
    before = [line("eu", passes(3, 5), origins=ORIGINS)]
    found = compared(before, before)
    assert found.verdict is Verdict.UNCHANGED
    assert found.notes == ("replayed: the baseline's own recordings; says nothing about the model",)
    assert (found.n_compared, found.n_replayed, found.p_min) == (0, 1, 1.0)


def test_replayed_draws_with_other_scores_mean_that_the_scoring_changed():
    """One of five draws scores 0.25 less: the mean falls by the 5 points that count."""
    before = [line("eu", [0.9] * 5, origins=ORIGINS)]
    found = compared(before, [line("eu", [0.9] * 4 + [0.65], origins=ORIGINS)])
    assert found.verdict is Verdict.REGRESSED
    assert found.cases[0].reason == (
        "scoring or application code changed: the same 5 draws scored 0.90 on main, 0.85 here"
    )


def test_small_change_of_replayed_draws_is_said_and_not_red():
    """Below the practical floor."""
    found = compared([line("eu", [0.9] * 5, origins=ORIGINS)], [line("eu", [0.88] * 5, origins=ORIGINS)])
    assert found.verdict is Verdict.UNCHANGED
    assert "scoring or application code changed" in found.notes[1]


def test_replayed_draws_leave_the_sample():
    """5 fresh draws beside 5 of the baseline's own: only the fresh ones are tested."""
    before = [line("eu", passes(10, 10), origins=(*ORIGINS, *"fghij"))]
    found = compared(before, [line("eu", passes(5, 10), origins=(*ORIGINS, *"vwxyz"))])
    assert found.verdict is Verdict.REGRESSED
    assert found.cases[0].reason == "passed 10 of 10 on main, 0 of 5 here"
    assert (found.n_compared, found.n_replayed) == (1, 0)


def test_replayed_lines_beside_fresh_ones_are_compared_exactly():
    """A replayed line that fell is red whatever the fresh ones show."""
    before = [line("old", [0.9] * 5, origins=ORIGINS), line("eu", passes(10, 10))]
    found = compared(before, [line("old", [0.5] * 5, origins=ORIGINS), line("eu", passes(5, 5))])
    assert found.verdict is Verdict.REGRESSED
    assert verdicts(found)["old"] is Verdict.REGRESSED
    assert (found.n_compared, found.n_replayed) == (1, 1)


def test_draws_without_an_origin_are_a_sample():
    """Equal texts may be two draws: an empty origin is never shared."""
    assert compared([line("eu", passes(5, 5))], [line("eu", passes(5, 5))]).n_compared == 1


def test_case_level_lines_are_paired_where_they_stand_for_equal_trials():
    """One value a session over 5 trials each; all six fell."""
    fields = {"is_case_level": True, "n_trials": 5}
    before = [line(str(case), [0.9], **fields) for case in range(6)]
    found = compared(before, [line(str(case), [0.3], **fields) for case in range(6)])
    assert found.verdict is Verdict.REGRESSED
    assert (found.p_case, found.alpha_mean) == (1.0, 0.05)


def test_case_level_lines_over_other_trials_are_not_compared():
    """Consistency over 5 trials and over 10 are two quantities."""
    before = [line("eu", [0.9], is_case_level=True, n_trials=10)]
    found = compared(before, [line("eu", [0.1], is_case_level=True, n_trials=5)])
    assert found.verdict is Verdict.INCOMPARABLE
    assert "10 trials on main and 5 here" in found.notes[0]


def test_lines_without_threshold_are_informational():
    """Compared where nothing else is, left out beside gated ones."""
    recorded = [line("a", passes(10, 10), threshold=None)]
    broken = [line("a", passes(0, 10), threshold=None)]
    assert compared(recorded, broken).is_informational
    mixed = compared([*recorded, *stable(1, 10)], [*broken, *stable(1, 10)])
    assert (mixed.is_informational, mixed.n_compared) == (False, 1)
    assert mixed.notes[0] == "1 line without a threshold left out"


def test_lowered_threshold_is_said_and_the_line_stays_gated():
    """Taking the threshold away does not take a check out of the gate."""
    found = compared([line("eu", passes(10, 10), threshold=0.7)], [line("eu", passes(0, 10), threshold=None)])
    assert found.verdict is Verdict.REGRESSED
    assert any("threshold is lower than on main" in note for note in found.notes)


def test_one_trial_on_main_cannot_prove_a_case():
    """1 against 3 trials: a full break has p = 1/4; with 4 more on main, C(8, 3) = 56, it has 1/56."""
    found = compared([line("eu", [1.0])], [line("eu", [0.0] * 3)])
    assert found.verdict is Verdict.UNDECIDED
    assert "cannot be judged alone: main has 1 trial, this run 3; 4 more on main" in found.notes[0]


def test_undecided_says_what_more_trials_would_show():
    """10 cases without spread: c² / (10 k), c = 2.80, is at most 0.05 from 16 trials on."""
    assert compared(stable(10, 10), stable(10, 5)).notes == (
        "11 more trials per case (110 calls) would make a drop of 5 points visible",
    )


def test_session_is_compared_suite_by_suite_and_metric_by_metric():
    """A line that moved keeps its baseline; what is gone is gone from its old suite."""
    stored = baseline(line("a", [1.0] * 5, suite="old"), line("b", [1.0] * 5, suite="old", metric="safety"))
    found = compare_all(stored, [line("a", [1.0] * 5, suite="new"), line("c", [1.0] * 5, suite="new", metric="safety")])
    assert [(c.suite, c.metric, c.verdict) for c in found] == [
        ("new", "relevance", Verdict.UNDECIDED),
        ("new", "safety", Verdict.NO_BASELINE),
        ("old", "safety", Verdict.INCOMPARABLE),
    ]
    assert [id_.case for id_ in found[2].removed] == ["b"]


def test_a_gate_without_a_sample_imports_neither_numpy_nor_scipy():
    """Importing the gate, and comparing replayed sessions, costs nothing heavy."""
    program = (
        "import sys\n"
        "from pytest_llmeval import gate\n"
        "from pytest_llmeval.records import Baseline, CheckId, Draw, Line\n"
        "line = Line(id=CheckId('t', 'c', 'm'), suite='', draws=(Draw(1.0, 'r', 'o'),), threshold=0.5)\n"
        "gate.decide(gate.compare_all(Baseline(lines={line.id: line}), [line]))\n"
        "print(sorted({'numpy', 'scipy', 'pytest'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert done.stdout == "[]\n"


def test_the_means_shown_cover_recorded_and_fresh_lines():
    """One recorded line at 1, one fresh at 0: a reader sets 0.5 beside the session's own mean."""
    recorded = line("recorded", [1.0, 1.0], origins=["a", "b"])
    found = compared([recorded, line("fresh", passes(0, 10))], [recorded, line("fresh", passes(0, 10))])
    assert (found.baseline_mean, found.current_mean) == (0.5, 0.5)
    assert (found.n_compared, found.n_replayed) == (1, 1)
