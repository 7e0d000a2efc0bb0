"""Labels for any text a model can write and a person can say: appended, read back, counted."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmeval.agreement.queue import Candidate, queue
from pytest_llmeval.datasets import labels
from pytest_llmeval.records import CheckId
from pytest_llmeval.records.label import PICKED, Judged, Label, standing

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)  # a lone surrogate is no text of a file
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
NAMES = TEXTS.filter(lambda name: name not in labels.FIELDS)
LABELS = st.builds(
    Label,
    output=TEXTS,
    value=st.floats(0, 1),
    metric=TEXTS,
    rubric=TEXTS,
    input=JSON.filter(lambda value: value != ""),
    expected=JSON.filter(lambda value: value != ""),
    context=JSON.filter(lambda value: value != ""),
    other=st.none() | TEXTS.filter(bool),
    who=TEXTS,
    when=TEXTS,
    why=TEXTS,
    picked=st.sampled_from(("", *PICKED)),
    judged=st.builds(
        Judged, session=TEXTS, test=TEXTS, case=TEXTS, trial=st.none() | st.integers(0, 2**31), origin=TEXTS
    ),
    data=st.dictionaries(NAMES, JSON, max_size=3),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(written=st.lists(LABELS, max_size=4), ends=st.booleans())
def test_what_is_appended_reads_back_equal(written, ends):
    """In its order, after whatever the file's last line ended with, and so does its subject."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.jsonl"
        path.write_bytes(b'{"output": "first", "label": 1}' + b"\n" * ends)
        for label in written:
            labels.append(path, label)
        read = [label for _, label in labels.read(path, "labels.jsonl")]

    assert written == read[1:]
    assert [label.subject for label in written] == [label.subject for label in read[1:]]


SAID = st.builds(
    Label,
    output=st.sampled_from("ab"),
    value=st.floats(0, 1),
    who=st.sampled_from(("", "anna", "ben")),
    when=st.sampled_from(("", "2026-11-24T12:00:00Z", "2026-11-25T12:00:00Z")),
)


@given(st.lists(SAID, max_size=8))
def test_of_each_person_one_label_of_an_answer_stands_and_it_is_a_latest(said):
    """No label of nobody is lost; what stands stands on its own."""
    found = standing(said)

    named = [(label.who, label.subject) for label in found if label.who]
    assert len(set(named)) == len(named)
    assert {(label.who, label.subject) for label in said if label.who} == set(named)
    assert [label for label in said if not label.who] == [label for label in found if not label.who]
    for label in found:
        rivals = [other.when for other in said if (other.who, other.subject) == (label.who, label.subject)]
        assert not label.who or label.when == max(rivals)
    assert found == standing(found)


CANDIDATES = st.builds(
    lambda name, score, threshold, opinions: Candidate(
        draft=Label(output=name, value=0.0, judged=Judged(origin=name)),
        check=CheckId("test", name[0], "m"),
        score=score,
        threshold=threshold,
        opinions=tuple(opinions),
    ),
    st.sampled_from([f"{case}{trial}" for case in "abc" for trial in "12"]),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 1),
    st.lists(st.floats(0, 1), max_size=3),
)


@given(every=st.lists(CANDIDATES, max_size=8), known=st.lists(SAID, max_size=4), by=st.sampled_from(PICKED))
def test_a_queue_asks_of_each_answer_once_and_in_one_order(every, known, by):
    """Whatever order sessions and labels come in; all of them in random order; every pick says how it was picked."""
    first = queue(every, known, by=by, who="anna")

    subjects = [pick.candidate.draft.subject for pick in first]
    assert len(set(subjects)) == len(subjects)
    assert {by} >= {pick.picked for pick in first}
    alone = {one.draft.subject: one for one in reversed(every)}.values()  # the first of equals, as the queue takes it
    again = queue(reversed(list(alone)), known, by=by, who="anna")
    assert [(pick.candidate.draft.subject) for pick in again] == subjects
    if by == "random":
        assert {one.draft.subject for one in every} == set(subjects)
