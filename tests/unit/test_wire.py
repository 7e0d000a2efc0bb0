"""Promises of the wire: what a worker sends is what the controller gets, and one bad check ends nothing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from pytest_llmeval.gather import wire
from pytest_llmeval.records import (
    CaseId,
    CaseResult,
    Check,
    Place,
    Plan,
    PlannedCase,
    Provenance,
    Request,
    Response,
    Score,
    Trial,
)


def result_of(*checks: Check, calls: tuple[Response, ...] = ()) -> CaseResult:
    """Return a case of one trial."""
    return CaseResult(
        nodeid="t.py::test", id=CaseId("t.py::test"), trials=(Trial(index=0, checks=checks, calls=calls),)
    )


def check_of(detail: object = None, *, metric: str = "relevance", reason: str = "") -> Check:
    """Return a scored check with a detail of a user's metric."""
    score = Score(metric=metric, value=0.25, reason=reason, version="3", detail=detail if detail is not None else {})
    return Check(score=score, nth=1, threshold=0.5, output="No.", origin="ab", place=Place("t.py", 3, "assert_x(a)"))


def test_a_result_arrives_as_it_was_sent():
    """Every kind of field: tuples, mappings, enums, named tuples, optional and nested records."""
    request = Request(model="m", messages=({"role": "user", "content": "Hi"},), settings={"temperature": 0.7}, trial=2)
    response = Response(text="No.", request=request, n_input_tokens=3, cost_usd=0.1, provenance=Provenance.REPLAYED)
    sent = replace(result_of(check_of({"a": [1, None, "x"]}), calls=(response,)), tags=("eu", "de"))

    assert sent == wire.decode(wire.encode(sent))


def test_fields_that_equal_their_default_are_left_out():
    """Lines stay small."""
    assert {"nodeid": "n", "id": {"test": "n"}} == json.loads(wire.encode(CaseResult(nodeid="n", id=CaseId("n"))))


def test_the_text_is_one_ascii_line():
    """What execnet, a log and a JSONL file take."""
    text = wire.encode(result_of(check_of({"a": "\u2028\n\r\x00é😀\ud800"})))

    assert text.isascii()
    assert text.isprintable()


def test_scores_come_back_to_the_last_bit():
    """No rounding on the way."""
    value = 0.1 + 0.2
    back = wire.decode(wire.encode(result_of(Check(score=Score(metric="m", value=value)))))

    assert value.hex() == back.trials[0].checks[0].value.hex()


@pytest.mark.parametrize("value", [1, True + 0, Decimal("0.5")], ids=["int", "int-1", "decimal"])
def test_a_value_of_another_number_type_arrives_as_float(value):
    """A user's metric returns what its library gives."""
    back = wire.decode(wire.encode(result_of(Check(score=Score(metric="m", value=value)))))

    assert (float(value), float) == (back.trials[0].checks[0].value, type(back.trials[0].checks[0].value))


def test_numpy_numbers_arrive_as_numbers():
    """They are the commonest of all."""
    numpy = pytest.importorskip("numpy")
    sent = result_of(Check(score=Score(metric="m", value=numpy.float32(0.5)), threshold=numpy.float64(0.25)))

    check = wire.decode(wire.encode(sent)).trials[0].checks[0]

    assert (0.5, 0.25) == (check.value, check.threshold)


class Hostile:
    """Raises whatever one does with it."""

    def __eq__(self, other):
        raise RuntimeError("hands off")

    __hash__ = None


CYCLE: dict = {}
CYCLE["self"] = CYCLE
DEEP: list = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("detail", "fault"),
    [
        ({"a": object()}, "Object of type object is not JSON serializable"),
        ({"a": float("nan")}, "Out of range float values are not JSON compliant"),
        ({"a": Decimal(1)}, "Object of type Decimal is not JSON serializable"),
        ({("a", 1): 1}, "keys must be str, int, float, bool or None, not tuple"),
        (CYCLE, "it holds itself"),
        ({"a": DEEP}, "nested too deeply"),
        ({"a": "x" * 10_000_000}, "bytes, and at most 65,536 are"),
        ([1, 2], "items"),
        (Hostile(), "hands off"),
    ],
    ids=["object", "nan", "decimal", "tuple key", "cycle", "deep", "10 MB", "list", "hostile"],
)
def test_a_detail_that_cannot_be_stored_makes_that_check_unscored(detail, fault):
    """FAULTS 7: a named error for that check only."""
    good = check_of({"a": 1}, metric="good")

    bad_back, good_back = wire.decode(wire.encode(result_of(check_of(detail), good))).trials[0].checks

    assert good == good_back
    assert bad_back.value is None
    assert bad_back.score.reason.startswith("llmeval: detail of metric 'relevance' cannot be stored: ")
    assert fault in bad_back.score.reason
    assert replace(check_of(), score=bad_back.score) == bad_back


def test_a_case_level_check_that_cannot_be_stored_becomes_unscored_too():
    """They stand beside the trials, not in them."""
    sent = replace(result_of(), checks=(replace(check_of({"a": object()}), is_case_level=True),))

    assert wire.decode(wire.encode(sent)).checks[0].value is None


def test_a_reason_that_is_no_text_makes_the_check_unscored():
    """A metric hands over an exception where a sentence belongs."""
    back = wire.decode(wire.encode(result_of(check_of(reason=ValueError("x")))))

    assert "expected str" in back.trials[0].checks[0].score.reason


def test_a_huge_response_is_cut_with_a_mark():
    """FAULTS 18: bounded on the report; the mark says how much there was."""
    request = Request(model="m", messages=())
    sent = result_of(
        calls=(Response(text="x" * 100_001, request=request), Response(text="y" * 100_000, request=request))
    )

    back = wire.decode(wire.encode(sent))
    cut, whole = (call.text for call in back.trials[0].calls)

    assert 100_000 == len(cut)
    assert cut.endswith("x […cut by llmeval: 100,001 characters in all]")
    assert "y" * 100_000 == whole
    assert back == wire.decode(wire.encode(back))


def test_what_stands_beside_a_text_travels_unless_it_is_huge():
    """Vectors of many texts stay in the recording; a trajectory comes along."""
    calls = [{"id": "1", "name": "find", "arguments": '{"q": "\ud800"}'}]
    more = {"tool_calls": calls, "vectors": ["A" * 100_000]}
    request = Request(model="m", messages=())
    sent = result_of(calls=(Response(text="", request=request, more=more),) * 2)

    back = wire.decode(wire.encode(sent))

    assert [{"tool_calls": calls}] * 2 == [call.more for call in back.trials[0].calls]
    small = result_of(calls=(Response(text="", request=request, more={**more, "vectors": ["A" * 1000]}),))
    assert small == wire.decode(wire.encode(small))


def test_a_plain_response_travels_as_it_always_did():
    """Not a byte more for those that have nothing beside their text."""
    assert '"more"' not in wire.encode(result_of(calls=(Response(text="Hi", request=Request(model="m", messages=())),)))


def test_a_plan_arrives_as_it_was_sent():
    """The controller proves completeness by it."""
    plan = Plan(cases={"t.py::a[é\ud800]": PlannedCase(id=CaseId("t.py::a", "é"), n_trials=5)}, n_deselected=3)

    assert plan == wire.decode_plan(wire.encode_plan(plan))
    assert Plan() == wire.decode_plan(wire.encode_plan(Plan()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("[]", "expected dict, found"),
        ('{"nodeid":"n"}', "CaseResult.id is missing"),
        ('{"nodeid":"n","id":{"test":"t"},"colour":1}', "CaseResult has no field 'colour'"),
        ('{"nodeid":7,"id":{"test":"t"}}', "CaseResult.nodeid: expected str, found 7"),
        ('{"nodeid":"n","id":{"test":"t"},"n_planned":true}', "CaseResult.n_planned: expected int, found True"),
        ('{"nodeid":"n","id":{"test":"t"},"n_planned":1.5}', "CaseResult.n_planned: expected int, found 1.5"),
        ('{"nodeid":"n","id":{"test":"t"},"trials":{}}', "CaseResult.trials: expected list"),
        (
            '{"nodeid":"n","id":{"test":"t"},"checks":[{"score":{"metric":"m","value":1.7}}]}',
            "CaseResult.checks: Check.score: score of 'm' is 1.7",
        ),
        ('{"nodeid":"n","id":{"test":"t"},"n_planned":NaN}', "NaN is not JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_text_that_is_no_result_is_a_value_error_that_names_the_field(text, message):
    """A session file that was edited by hand is read by the same code."""
    with pytest.raises(ValueError, match=re.escape(message)):
        wire.decode(text)
