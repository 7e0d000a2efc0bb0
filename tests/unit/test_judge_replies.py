"""What a judge says counts only if it is one object of the one form, with its nonce (FAULTS 17, 22)."""

import json

import pytest

from pytest_llmeval.metrics.judge.replies import Grade, read
from pytest_llmeval.records import Outcome, Request, Response

GOOD = {"nonce": "n0nce", "reason": "because", "grade": 4}


def reply(text, *, nonce="n0nce", outcome=Outcome.OK):
    """A judge's reply as it comes from the cache or a provider."""
    request = Request(model="openai/j", messages=())
    return Response(text=text, request=request, outcome=outcome, more={"nonce": nonce} if nonce else None)


def test_one_object_of_the_form_is_read():
    """Blanks around it are no prose."""
    assert Grade(4, "because") == read(reply(f"\n{json.dumps(GOOD)} "), "grade")


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "-Infinity", "true", "0", "6", "1.7", "4.0", '"4"', "null", "[4]", "{}", "1e999", "4e0"],
)
def test_a_grade_that_is_none_is_no_grade(value):
    """NaN, infinity, out of range, a bool, a number as text, a half: unscored, with the reason."""
    found = read(reply(f'{{"nonce": "n0nce", "reason": "r", "grade": {value}}}'), "grade")
    assert found.value is None
    assert "judge's" in found.reason


TEXT = json.dumps(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        "The grade is 4.",
        "4",
        '"4"',
        f"[{TEXT}]",
        f"{TEXT}{TEXT}",
        f"{TEXT}\n{TEXT}",
        f"Here you are: {TEXT}",
        f"{TEXT} I hope this helps.",
        f"```json\n{TEXT}\n```",
        TEXT[:-1],
        TEXT.replace("}", ', "grade": 5}'),
        TEXT.replace("}", ', "more": 1}'),
        '{"nonce": "n0nce", "grade": 4}',
        '{"nonce": "n0nce", "reason": 1, "grade": 4}',
        '{"nonce": "n0nce", "reason": "r", "score": 4}',
        "[" * 100_000,
        "null",
    ],
    ids=lambda text: text[:20].replace("\n", " "),
)
def test_a_reply_of_another_form_is_no_grade(text):
    """Prose, two objects, a fence, a cut object, a field too many, twice or missing: nothing is mended."""
    found = read(reply(text), "grade")
    assert found.value is None
    assert "judge's" in found.reason


@pytest.mark.parametrize("outcome", [Outcome.EMPTY, Outcome.FILTERED, Outcome.TRUNCATED])
def test_no_answer_in_full_is_no_grade(outcome):
    """Even if what is there could be read."""
    assert read(reply(TEXT, outcome=outcome), "grade").value is None


@pytest.mark.parametrize("nonce", ["", "other"])
def test_a_reply_without_its_nonce_is_somebody_elses(nonce):
    """Also in a recording, from which the nonce was taken, or another put there."""
    assert "nonce" in read(reply(TEXT, nonce=nonce), "grade").reason
    assert None is read(reply(TEXT, nonce=nonce), "grade").value


@pytest.mark.parametrize(
    ("better", "value"), [("first", "first"), ("tie", "tie"), ("FIRST", None), (1, None), ([], None)]
)
def test_a_preference_is_one_of_three_words(better, value):
    """In this spelling."""
    assert value == read(reply(json.dumps({"nonce": "n0nce", "reason": "r", "better": better})), "prefer").value
