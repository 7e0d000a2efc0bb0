"""Whatever the base version scores beside the branch: a verdict that was not red never becomes so."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.gate import compare_all, decide
from pytest_llmeval.gate.confirmation import confirm
from pytest_llmeval.records import Verdict
from tests.unit.gate_lines import baseline, line, passes

CASES = [(case, metric) for case in "abcd" for metric in ("relevance", "safety")]
N_TRIALS = 6
COUNTS = st.lists(st.integers(0, N_TRIALS), min_size=len(CASES), max_size=len(CASES))


def _lines(n_passed):
    return [line(case, passes(n, N_TRIALS), metric=metric) for (case, metric), n in zip(CASES, n_passed, strict=True)]


@settings(max_examples=60)
@given(before=COUNTS, now=COUNTS, there=COUNTS, n_run=st.integers(0, len(CASES)))
def test_confirming_only_ever_takes_reds_away(before, now, there, n_run):
    """Comparison by comparison and case by case, so the error rate of the gate stands."""
    stored, current, rerun = baseline(*_lines(before)), _lines(now), _lines(there)[:n_run]
    compared = compare_all(stored, current)
    verdict = decide(compared)

    weighed, _ = confirm(stored, current, compared, verdict.comparisons, {one.id: one for one in rerun})
    after = decide(weighed)

    for old, new in zip(verdict.comparisons, after.comparisons, strict=True):
        assert old.verdict is new.verdict or (old.verdict, new.verdict) == (Verdict.REGRESSED, Verdict.UNDECIDED)
        assert _named(new) <= _named(old)


def _named(comparison):
    return {case.id for case in comparison.cases if case.verdict is Verdict.REGRESSED}
