"""The page of labels: whose turn it is, what a person sees before and after, and what is written."""

from pathlib import Path

import pytest

from pytest_llmeval.agreement.queue import Candidate, Pick
from pytest_llmeval.commands.label.candidates import Collected
from pytest_llmeval.records import CheckId
from pytest_llmeval.records.label import DISAGREEMENT, PICKED, RANDOM, THRESHOLD, Judged, Label
from pytest_llmeval.ui import labelling, running

ASKED = ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "When?"})


def candidate(name="a", score=0.9, *, metric="relevance", rubric="", reason="it says why", **draft):
    """An answer whose score is SCORE, to be hidden."""
    judged = Judged(session="s", test="t", case=name, trial=0, origin=f"origin {name}")
    label = Label(output=f"Answer {name}.", value=0.0, metric=metric, rubric=rubric, judged=judged, **draft)
    return Candidate(label, CheckId("t", name, metric), score, 0.5, reason, messages=ASKED)


def said(one, value, who="ada", picked=RANDOM, when="2026-01-01T00:00:00Z"):
    """The label that somebody gives it."""
    return Pick(one, picked).label(value, who=who, when=when)


@pytest.mark.parametrize("by", PICKED)
def test_a_person_is_asked_once_and_what_was_put_off_waits(by):
    """What is labelled has had its turn, what was skipped does not come again by itself."""
    every = [candidate("a", 0.45), candidate("b", 0.55), candidate("c", 0.2, metric="safety")]
    every = [one._replace(opinions=(0.0, 1.0)) for one in every]
    turn = labelling.turn(Collected(tuple(every)), [], metric="relevance", by=by, who="ada")
    assert {"a", "b"} == {pick.candidate.check.case for pick in turn}

    first, second = (pick.candidate for pick in turn)
    after = labelling.turn(Collected(tuple(every)), [said(first, 1.0, picked=by)], metric="relevance", by=by, who="ada")
    assert [second.check] == [pick.candidate.check for pick in after]
    skipped = {second.draft.subject}
    collected, labels = Collected(tuple(every)), [said(first, 1.0, picked=by)]
    assert [] == labelling.turn(collected, labels, metric="relevance", by=by, who="ada", skipped=skipped)


def test_two_metrics_that_disagree_of_one_answer_make_it_its_turn():
    """Though only one of the two is labelled: what other metrics say of the same answer takes part."""
    other = candidate("a", 0.1, metric="safety")
    found = labelling.turn(Collected((candidate("a", 0.9), other)), [], metric="relevance", by=DISAGREEMENT, who="ada")
    assert ["relevance says 0.90, safety 0.10"] == [pick.why for pick in found]


def test_no_score_is_seen_before_the_label():
    """Neither score, nor reason, nor why it was picked, is among what is shown with the answer (anchoring)."""
    one = candidate(score=0.123, reason="because of the reason", expected="The reference.")
    told, asked = labelling.material(one)
    assert [("system", "Be kind.")] == told
    assert [("QUESTION", "When?"), ("REFERENCE", "The reference.")] == asked
    shown = f"{told}{asked}{labelling.criterion(one)}"
    assert not any(hidden in shown for hidden in ("0.12", "reason", "0.5"))


def test_the_score_and_its_reason_are_seen_after_the_label():
    """And whether the two agree."""
    pick = Pick(candidate(score=0.9), THRESHOLD, "the score 0.90 is 0.40 from its threshold")
    agreed = list(labelling.revealed(pick, pick.label(1, who="ada", when="")))
    assert [
        "The score agrees with you: relevance 0.90, threshold 0.5",
        "because it says why",
        "picked because the score 0.90 is 0.40 from its threshold",
    ] == agreed
    assert next(labelling.revealed(pick, pick.label(0, who="ada", when=""))).startswith("The score does not agree")
    unscored = Pick(candidate(score=None), RANDOM)
    assert next(labelling.revealed(unscored, said(unscored.candidate, 1))).startswith("The score: relevance unscored")


def test_a_person_reads_the_criterion_that_the_judge_is_told():
    """One of the user's own, or that of the rubric; a metric that has only a name has none."""
    assert "It names the deadline." == labelling.criterion(candidate(rubric="It names the deadline."))
    assert "addresses what the QUESTION asks" in labelling.criterion(candidate())
    assert "insults, threatens" in labelling.criterion(candidate(metric="civility"))
    assert "" == labelling.criterion(candidate(metric="states_fact"))
    assert ["", ""] == [labelling.criterion(candidate(metric=name)) for name in ("consistency", "injection")]
    assert "" == labelling.criterion(candidate(metric="../rubrics/relevance"))


def test_of_two_answers_a_person_says_which_is_better():
    """A preference has three keys, any other metric two; no two keys are the same."""
    both = candidate(metric="preference", other="Another answer.")
    assert [1.0, 0.5, 0.0] == [choice.value for choice in labelling.choices(both)]
    assert [1.0, 0.0] == [choice.value for choice in labelling.choices(candidate())]


def test_progress_counts_what_stands_and_what_is_a_sample():
    """What a person has changed since counts once; only what was picked at random is a sample."""
    one, other = candidate("a"), candidate("b")
    labels = [said(one, 0.0), said(one, 1.0, when="2026-01-02T00:00:00Z"), said(other, 0.0, picked=DISAGREEMENT)]
    assert "ada: 2 labelled, 1 good, 1 bad; 1 of them picked at random" == labelling.progress(
        labels, "relevance", "ada"
    )


def test_the_report_of_a_measurement_is_told_from_what_pytest_printed():
    """The report begins with the metric; where it failed, the command says why at its end."""
    whole = running.Ran(0, "running pytest\n1 passed\n\nrelevance, version 2\nfine\n")
    failed = running.Ran(4, "running pytest\nE  it is broken\nllmeval: nothing was scored\n  see above\n")
    assert ("running pytest\n1 passed", "relevance, version 2\nfine") == running.parts(whole, "relevance")
    assert ("running pytest\nE  it is broken", "llmeval: nothing was scored\n  see above") == running.parts(
        failed, "relevance"
    )
    assert ("", "llmeval: no label is about it") == running.parts(
        running.Ran(4, "llmeval: no label is about it\n"), "relevance"
    )


def test_what_is_to_be_done_with_a_threshold_is_told_from_the_report():
    """With the lines of code it speaks of, and nothing after them."""
    changed = (
        "change threshold 0.5 to 0.119: it is better,\n  on answers\n  tests/test_a.py:9: assert_relevance(answer)"
    )
    kept = "keep threshold 0.2: fitted ones are no better,\n  on answers"
    report = f"relevance, version 2\n  not this\n\n{changed}\n\n{kept}\nstored in calibration/relevance.jsonl"
    assert [changed, kept] == running.proposals(report)
    assert [] == running.proposals("llmeval: nothing was scored\n  see above")


def test_a_command_is_run_in_the_project(tmp_path: Path):
    """Its words and its exit status come back; it asks nobody anything."""
    ran = running.run(tmp_path, ["label", "ls"])
    assert (0, "labels.jsonl has no labels; to write some: llmeval label next\n") == ran
