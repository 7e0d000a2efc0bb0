"""What holds of agreement whatever the scores and labels are."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.agreement import fitting, rates
from pytest_llmeval.agreement.corrected import corrected_mean
from pytest_llmeval.agreement.measuring import Item, measure
from pytest_llmeval.agreement.ranking import auroc
from pytest_llmeval.datasets import labels
from pytest_llmeval.records.label import Label

SHARES = st.floats(0.0, 1.0, allow_nan=False)
PAIRS = st.lists(st.tuples(SHARES, st.booleans()), min_size=1, max_size=40)
COUNTS = st.builds(rates.Counts, *(st.integers(0, 60) for _ in range(4)))


@given(COUNTS)
def test_every_estimate_lies_within_its_interval_and_range(counts):
    """Shares in [0, 1], AC1 and kappa in [-1, 1], no NaN."""
    for measured, least in (
        (rates.raw, 0),
        (rates.true_passes, 0),
        (rates.true_fails, 0),
        (rates.ac1, -1),
        (rates.kappa, -1),
    ):
        found = measured(counts)
        assert found is None or least <= found.low <= found.value + 1e-12
        assert found is None or found.value - 1e-12 <= found.high <= 1.0


@given(COUNTS)
def test_the_two_raters_may_change_places(counts):
    """Raw agreement, AC1 and kappa know no first rater; nor a name for yes and no."""
    passed_good, passed_bad, failed_good, failed_bad = counts
    others = rates.Counts(passed_good, failed_good, passed_bad, failed_bad), rates.Counts(*reversed(counts))
    for measured in (rates.raw, rates.ac1, rates.kappa):
        for other in others:
            first, second = measured(counts), measured(other)
            assert (first is None) == (second is None)
            assert first is None or all(math.isclose(*both, abs_tol=1e-9) for both in zip(first, second, strict=True))


@given(PAIRS)
def test_auroc_of_turned_scores_is_the_rest(pairs):
    """1 - s orders the other way round; the value lies within its interval."""
    values, good = zip(*pairs, strict=True)
    found, turned = auroc(values, good), auroc([1 - value for value in values], good)
    assert (found is None) == (turned is None)
    if found is not None:
        assert 0.0 <= found.low <= found.value <= found.high <= 1.0
        # 1 - s makes ties of values that differ by less than what a double near 1 can hold.
        if len({1 - value for value in values}) == len(set(values)):
            assert math.isclose(found.value + turned.value, 1.0, abs_tol=1e-9)


@given(PAIRS)
def test_no_other_threshold_fits_better(pairs):
    """The mean of TPR and TNR at each value that occurs is at most that of the fitted one."""
    values, good = zip(*pairs, strict=True)
    mark = fitting.threshold(values, good)
    if mark is None:
        return

    def balance(at):
        counts = rates.counted((value >= at, is_good) for value, is_good in pairs)
        return rates.true_passes(counts).value + rates.true_fails(counts).value

    assert 0.0 <= mark <= 1.0
    assert all(balance(at) <= balance(mark) + 1e-9 for at in values)


@given(st.lists(st.tuples(SHARES, SHARES), max_size=30), st.lists(SHARES, max_size=60))
def test_a_corrected_mean_is_a_number_in_its_interval(labelled, others):
    """Of any scores and labels; the weight is a share."""
    found = corrected_mean([label for label, _ in labelled], [score for _, score in labelled], others)
    if len(labelled) < 2:
        assert found is None
        return
    assert 0.0 <= found.low <= found.value <= found.high <= 1.0
    assert 0.0 <= found.weight <= 1.0


@given(st.lists(st.tuples(st.lists(SHARES, min_size=1, max_size=3), st.none() | SHARES), max_size=30), SHARES)
def test_measuring_never_raises_and_counts_every_item_once_or_more(pairs, threshold):
    """What is neither good nor bad is unscored or split."""
    items = [Item(tuple(labels), score) for labels, score in pairs]
    found = measure(items, metric="m", version="1", labels="", good_from=0.5, threshold=threshold)
    assert len(items) == found.n_items
    assert found.n_good + found.n_bad <= len(items) <= found.n_good + found.n_bad + found.n_unscored + found.n_split


@given(
    st.builds(
        Label,
        output=st.text(),
        value=SHARES,
        metric=st.text(),
        other=st.none() | st.text(min_size=1),
        input=st.none() | st.text(min_size=1) | st.lists(st.integers()),
        why=st.text(),
        data=st.dictionaries(st.sampled_from(("bought", "id", "tags", "x")), st.text() | st.none()),
    )
)
def test_every_label_is_one_line_that_reads_back(label):
    """Whatever text is in it."""
    line = labels.as_line(label)
    assert 1 == len(line.splitlines())
    assert label == labels.label_at(json.loads(line), "x:1")
