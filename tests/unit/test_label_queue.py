"""Whom a person is asked about next: the rules of each queue, on candidates worked out by hand."""

import pytest

from pytest_llmeval.agreement.queue import Candidate, queue
from pytest_llmeval.records import CheckId
from pytest_llmeval.records.label import Judged, Label, standing


def candidate(name, score, *, case="", metric="relevance", threshold=0.7, opinions=()):
    """An answer by its name: its origin, and its text."""
    return Candidate(
        draft=Label(output=name, value=0.0, metric=metric, judged=Judged(origin=name)),
        check=CheckId("test_a.py::test_a", case or name, metric),
        score=score,
        threshold=threshold,
        opinions=opinions,
    )


def label(name, value, who="anna", *, metric="relevance", when="", picked=""):
    """What a person says of it."""
    return Label(output=name, value=value, metric=metric, who=who, when=when, picked=picked, judged=Judged(origin=name))


def names(picks):
    """The answers, in their order."""
    return [pick.candidate.draft.output for pick in picks]


def test_near_the_threshold_the_nearest_comes_first():
    """On either side; what has no score, or no threshold, is near nothing."""
    every = [candidate("far", 0.1), candidate("near", 0.69), candidate("above", 0.75), candidate("none", None)]

    picks = queue([*every, candidate("free", 0.7, threshold=None)], [], by="threshold")

    assert ["near", "above", "far"] == names(picks)
    assert "the score 0.69 is 0.01 from its threshold" == picks[0].why
    assert {"threshold"} == {pick.picked for pick in picks}


@pytest.mark.parametrize(
    ("every", "labels", "expected"),
    [
        ([candidate("a", 0.5, opinions=(0.0, 1.0))], [], "the judges say 0.00, 1.00"),
        ([candidate("a", 0.9)], [label("a", 0.0, "ben")], "ben says 0, the score is 0.90"),
        (
            [candidate("a", None)],
            [label("a", 0, "ben"), label("a", 1, "eve")],
            "ben says 0, eve says 1, the score is unscored",
        ),
        ([candidate("a", 0.9, case="c"), candidate("b", 0.2, case="c")], [], "1 of 2 answers to this case pass"),
        ([candidate("a", 0.9), candidate("a", 0.1, metric="safety")], [], "relevance says 0.90, safety 0.10"),
    ],
    ids=["panel", "person and score", "two people", "trials", "metrics"],
)
def test_whatever_disagrees_comes_and_says_how(every, labels, expected):
    """Judges of a panel, a person and the score, people, the trials of a case, the metrics of an answer."""
    picks = queue([*every, candidate("agreed", 0.8, opinions=(0.75, 0.75))], labels, by="disagreement", who="anna")

    assert expected == picks[0].why
    assert "agreed" not in names(picks)


def test_the_widest_disagreement_comes_first_and_no_case_twice_before_all_came_once():
    """Two answers of one case are much alike: the second waits."""
    every = [
        candidate("a1", 0.5, case="a", opinions=(0.0, 1.0)),
        candidate("a2", 0.5, case="a", opinions=(0.0, 0.75)),
        candidate("b", 0.5, opinions=(0.0, 0.5)),
        candidate("c", 0.5, opinions=(0.0, 0.25)),
    ]

    assert ["a1", "b", "c", "a2"] == names(queue(every, [], by="disagreement"))


def test_what_a_person_has_labelled_is_left_out_for_that_person():
    """By another metric, and for another person, it still is to be labelled."""
    every = [candidate("a", 0.7), candidate("a", 0.5, metric="safety"), candidate("b", 0.8)]
    labels = [label("a", 1.0)]

    assert ["b", "a"] == names(queue(every, labels, by="threshold", who="anna"))
    assert ["a", "b", "a"] == names(queue(every, labels, by="threshold", who="ben"))


def test_random_order_is_the_seeds_and_stays_when_answers_are_added():
    """So that people label the same ones, and those that are labelled are a random sample at any time."""
    few = [candidate(f"answer {n}", 0.5) for n in range(20)]
    many = [*few, *(candidate(f"later {n}", 0.5) for n in range(20))]

    first = names(queue(few, [], by="random"))

    assert first == [name for name in names(queue(many[::-1], [], by="random")) if name.startswith("answer")]
    assert first != sorted(first)
    assert first != names(queue(few, [], by="random", seed=1))


def test_in_random_order_only_what_was_picked_at_random_is_labelled():
    """An answer that was labelled because it looked odd has its turn among the others."""
    every = [candidate("odd", 0.5), candidate("drawn", 0.5)]
    labels = [label("odd", 1.0, picked="disagreement"), label("drawn", 1.0, picked="random")]

    assert ["odd"] == names(queue(every, labels, by="random", who="anna"))


def test_a_label_holds_what_was_judged_what_was_said_and_how_it_was_picked():
    """All that is needed to score the answer again."""
    (pick,) = queue([candidate("a", 0.7)], [], by="random")

    made = pick.label(1, who="anna", when="2026-11-25T12:00:00Z", why="it is right")

    assert (1.0, "anna", "2026-11-25T12:00:00Z", "it is right", "random") == (
        made.value,
        made.who,
        made.when,
        made.why,
        made.picked,
    )
    assert ("a", "relevance", "a") == (made.output, made.metric, made.judged.origin)


def test_of_several_labels_of_one_person_the_last_stands():
    """By its time, whatever the order of the lines; git may merge them in any."""
    new, old = label("a", 0, when="2026-11-25T12:00:00Z"), label("a", 1, when="2026-11-24T12:00:00Z")
    other, nobody = label("a", 1, "ben"), label("a", 1, "")

    assert [new, other, nobody, nobody] == standing([new, old, other, nobody, nobody])
    assert [other] == standing([other, other])
