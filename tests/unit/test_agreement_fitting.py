"""The threshold that fits, and what it is worth on items that it was not fitted on."""

import random

import pytest

from pytest_llmeval.agreement import fitting
from pytest_llmeval.agreement.corrected import corrected_mean
from pytest_llmeval.agreement.gain import gain, rounded
from pytest_llmeval.agreement.measuring import Item, label_of, measure


def _items(pairs):
    return [Item((label,), score) for score, label in pairs]


def test_the_threshold_lies_midway_in_the_gap_that_tells_good_from_bad():
    """Between 0.3 and 0.7; of two gaps that tell as well, the wider one."""
    assert 0.5 == fitting.threshold([0.1, 0.3, 0.7, 0.9], [False, False, True, True])
    # 0.2 | 0.3 and 0.4 | 0.8 make one mistake each; the second gap is wider.
    assert 0.6 == pytest.approx(fitting.threshold([0.2, 0.3, 0.4, 0.8], [False, True, False, True]))
    assert fitting.threshold([0.2, 0.3], [True, True]) is None


def test_a_metric_that_says_nothing_does_not_look_good_by_fitting():
    """Fitted on 40 labels at random it agrees with 60 % of them; held out, with no more than chance."""
    chance = random.Random(5)  # noqa: S311 - a seed, no secret
    fitted, held = [], []
    for _ in range(200):
        values = [chance.random() for _ in range(40)]
        good = [place % 2 == 0 for place in range(40)]
        mark = fitting.threshold(values, good)
        fitted.append(sum((value >= mark) == is_good for value, is_good in zip(values, good, strict=True)) / 40)
        counts = fitting.held_out(values, good)
        held.append((counts.passed_good + counts.failed_bad) / 40)

    assert sum(fitted) / 200 > 0.58
    assert 0.4 < sum(held) / 200 < 0.53


def test_every_item_is_decided_once_without_itself():
    """All items are counted; with one item of a kind nothing can be held out."""
    assert 12 == fitting.held_out([0.1] * 6 + [0.9] * 6, [False] * 6 + [True] * 6).n
    assert fitting.held_out([0.1, 0.2, 0.9], [False, False, True]) is None


def test_the_majority_of_people_decides_and_a_split_is_left_out():
    """Two of three say good; one against one says nothing; of a pair 0.5 is a tie."""
    assert label_of(Item((1.0, 1.0, 0.0), 0.5), 0.5) is True
    assert label_of(Item((1.0, 0.0), 0.5), 0.5) is None
    assert label_of(Item((0.5,), 0.5), 0.5) is True
    assert label_of(Item((0.5,), 0.5, is_pair=True), 0.5) is None


def test_unscored_and_split_items_are_counted_and_not_judged():
    """Ten items, one without a score, one without a majority: eight are set against labels."""
    items = [*_items([(0.9, 1), (0.8, 1), (0.7, 1), (0.2, 1), (0.1, 0), (0.2, 0), (0.3, 0), (0.9, 0), (None, 1)])]
    items.append(Item((1.0, 0.0), 0.4))

    found = measure(items, metric="m", version="1", labels="", good_from=0.5, threshold=0.5)

    assert (10, 4, 4, 1, 1) == (found.n_items, found.n_good, found.n_bad, found.n_unscored, found.n_split)
    assert (0.75, 0.75) == (found.at_threshold.tpr[0], found.at_threshold.tnr[0])
    assert 0.5 == found.at_threshold.kappa[0]
    assert (0.0, 1) == found.people


def test_with_good_answers_only_nothing_is_said_of_telling_them_apart():
    """TPR has a value; TNR, AUROC and a fitted threshold have none."""
    found = measure(_items([(0.9, 1), (0.4, 1)]), metric="m", version="1", labels="", good_from=0.5, threshold=0.5)

    assert 0.5 == found.at_threshold.tpr[0]
    assert (None, None, None, None) == (found.at_threshold.tnr, found.auroc, found.fitted, found.at_fitted)


@pytest.mark.parametrize(
    ("n_labelled", "rate", "misjudged"),
    [(30, 0.8, 0.1), (100, 0.5, 0.2), (100, 0.9, 0.05), (50, 0.8, 0.5), (30, 0.9, 0.0)],
)
def test_the_corrected_rate_holds_whatever_the_judge_is_like(n_labelled, rate, misjudged):
    """In 1,000 draws with a fixed seed the interval covers the true rate in at least 94 %; a good judge narrows it."""
    chance = random.Random(11)  # noqa: S311 - a seed, no secret
    n_others, covered, width = 400, 0, 0.0

    def drawn():
        good = chance.random() < rate
        return float(good), float(good if chance.random() >= misjudged else not good)

    for _ in range(1000):
        labelled = [drawn() for _ in range(n_labelled)]
        others = [drawn()[1] for _ in range(n_others)]
        found = corrected_mean([label for label, _ in labelled], [score for _, score in labelled], others)
        covered += found.low <= rate <= found.high
        width += found.high - found.low

    assert covered >= 940
    labels = [1.0] * round(n_labelled * rate) + [0.0] * round(n_labelled * (1 - rate))
    labels_alone = corrected_mean(labels, labels, [])
    if misjudged <= 0.1:
        assert width / 1000 < 0.9 * (labels_alone.high - labels_alone.low)


def test_a_judge_that_passes_too_much_is_corrected():
    """It passes all; people call 60 of 100 good: the rate is theirs, and the judge is not listened to."""
    found = corrected_mean([1.0] * 60 + [0.0] * 40, [1.0] * 100, [1.0] * 1000)

    assert (0.6, 1.0, 0.0) == (pytest.approx(found.value), found.judged, found.weight)
    assert found.low < 0.55
    assert found.high > 0.65


def test_a_rate_of_one_label_is_none():
    """One label has no spread."""
    assert corrected_mean([1.0], [1.0], [1.0, 0.0]) is None


def test_a_threshold_that_decides_better_is_told_from_luck():
    """Scores of 0.5 and more are good. At 0.7 half of the good ones fail; at 0.5 none, so nothing is to be gained."""
    values = [place / 100 for place in range(30, 70)] + [0.9] * 20
    good = [value >= 0.5 for value in values]

    better = gain(values, good, 0.7)
    assert (0.5 + 0.5) / 2 - 0.02 < better.before + better.value <= 1.0
    assert better.before == pytest.approx((20 / 40 + 1) / 2)
    assert 0 < better.low < better.value < better.high
    assert better.is_sure
    assert not gain(values, good, 0.5).is_sure
    assert gain([0.1, 0.9], [False, True], 0.5) is None


def test_four_labels_are_not_sure_of_anything():
    """A threshold of 0.99 fails both good ones, a fitted one none: four answers are no reason to change it."""
    better = gain([0.1, 0.2, 0.8, 0.9], [False, False, True, True], 0.99)

    assert 0.5 == better.value
    assert not better.is_sure


def test_a_threshold_that_is_the_best_one_is_hardly_ever_called_worse():
    """Scores around 0.4 and 0.6, decided at 0.5, 400 times: fewer than 2.5 in a hundred are sure of a better one."""
    chance = random.Random(7)  # noqa: S311 - a seed, no secret
    good = [place % 2 == 0 for place in range(60)]
    n_sure = 0
    for _ in range(400):
        values = [min(max(chance.gauss(0.6 if is_good else 0.4, 0.2), 0.0), 1.0) for is_good in good]
        n_sure += gain(values, good, 0.5).is_sure

    assert n_sure < 10


def test_a_proposed_threshold_is_short_and_decides_the_same():
    """Two digits where they do; as many as it takes where scores lie close."""
    assert 0.62 == rounded(0.6175, [0.61, 0.625])
    assert 0.618 == rounded(0.6175, [0.617, 0.6181])
    assert 0.5 == rounded(0.5, [])
