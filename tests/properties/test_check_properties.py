"""What holds for any text and any list: a score in [0, 1] or a reason, never NaN, never an error."""

import re

from hypothesis import given
from hypothesis import strategies as st

from pytest_llmeval.metrics import correctness
from pytest_llmeval.metrics.formats import json_schema, length, pattern, pydantic_type
from pytest_llmeval.metrics.judge.panel import Opinion, combined
from pytest_llmeval.metrics.judge.replies import read
from pytest_llmeval.metrics.judge.speaking import speaks_to_its_judge
from pytest_llmeval.metrics.retrieval import MEASURES, retrieval
from pytest_llmeval.metrics.trajectory import Called, Wanted, trajectory
from pytest_llmeval.records import Request, Response

TEXTS = st.text() | st.from_regex(r"[-+]?[0-9., eE%$]{0,12}", fullmatch=True)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
IDS = st.lists(st.sampled_from("abcdef"), max_size=8)
CALLS = st.lists(st.builds(Called, st.sampled_from("abc"), st.dictionaries(st.sampled_from("xy"), st.integers(0, 2))))


def scored(score):
    """A score is a number in [0, 1], or a reason; ``Score`` itself refuses all else."""
    return score.value is not None or bool(score.reason)


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
def test_text_against_references(output, expected):
    """Each way scores any two texts; a text against itself is right."""
    for way in (correctness.exact, correctness.normalised, correctness.contains, correctness.f1):
        assert scored(way(output, expected))
    assert 1.0 == correctness.exact(output, [output]).value
    assert 1.0 == correctness.normalised(output, [output]).value
    assert correctness.exact(output, expected).value <= correctness.normalised(output, expected).value


@given(TEXTS, NUMBERS, st.floats(0, 1e6))
def test_numbers_against_references(output, expected, tolerance):
    """Any text is read; a number that is written out is found."""
    assert scored(correctness.numeric(output, [expected], tolerance))
    if abs(expected) < 1e99 and (abs(expected) > 1e-99 or not expected):
        assert 1.0 == correctness.numeric(f"It is {expected!r}.", [expected], 0.0).value


@given(TEXTS)
def test_forms_of_any_text(output):
    """No text makes a form fail in another way than with 0."""
    for score in (
        json_schema(output, {"type": "object"}),
        pydantic_type(output, dict),
        pattern(output, re.compile(r"\d")),
        length(output, least=1, most=3, unit="words"),
        length(output, least=0, most=3, unit="lines"),
    ):
        assert score.value in (0.0, 1.0)


@given(IDS, IDS, st.sampled_from(MEASURES), st.none() | st.integers(1, 10))
def test_retrieval_of_any_lists(found, relevant, how, k):
    """In [0, 1]; the ideal list has 1, but for a precision that looks further than there is something to find."""
    assert scored(retrieval(found, relevant, how=how, k=k))
    if relevant and not (how == "recall" and k):
        ideal = list(dict.fromkeys(relevant))
        assert retrieval(ideal, relevant, how=how, k=k).value == 1.0


@given(CALLS, st.lists(st.builds(Wanted, st.sampled_from("abc"), st.none())), st.integers(1, 3))
def test_trajectories_of_any_calls(calls, wanted, most_repeats):
    """Stricter orders never give more; what is wanted, as it is wanted, is 1."""
    free, ordered, exact = (
        trajectory(calls, wanted, order=order, forbidden=(), most_repeats=most_repeats).value
        for order in ("any", "in", "exact")
    )
    assert exact <= ordered <= free
    own = [Wanted(call.name, call.arguments) for call in calls]
    assert 1.0 == trajectory(calls, own, order="exact", forbidden=(), most_repeats=1000).value


@given(TEXTS)
def test_any_reply_of_a_judge_is_read(text):
    """A text that Hypothesis writes never has the nonce, so it is never a grade."""
    reply = Response(text=text, request=Request(model="j", messages=()), more={"nonce": "bcdfghjkmnpqrstv"})
    for kind in ("grade", "prefer"):
        found = read(reply, kind)
        assert found.value is None
        assert found.reason
    assert isinstance(speaks_to_its_judge(text), str)


@given(st.lists(st.none() | st.floats(0, 1), min_size=1))
def test_a_panel_of_any_opinions(values):
    """Within the range of what was said, or none with a reason."""
    value, reason = combined([Opinion(f"j{n}", value, "r") for n, value in enumerate(values)])
    known = [value for value in values if value is not None]
    assert reason
    assert (value is None) == (2 * len(known) <= len(values))
    assert value is None or min(known) <= value <= max(known)
