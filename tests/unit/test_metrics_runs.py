"""Trajectories, retrieval, limits and forms: values worked out by hand."""

import math
import re

import pytest
from pydantic import BaseModel, Field

from pytest_llmeval.errors import UsageError
from pytest_llmeval.metrics.formats import check_schema, json_schema, length, pattern, pydantic_type
from pytest_llmeval.metrics.language import language
from pytest_llmeval.metrics.performance import within
from pytest_llmeval.metrics.retrieval import retrieval
from pytest_llmeval.metrics.trajectory import Called, Wanted, trajectory
from pytest_llmeval.records import Request, Response, Wire


def tried(calls, wanted, order="in", forbidden=(), most_repeats=2):
    """The score of a trajectory of tools that are named by one letter each."""
    made = [Called(name, {"n": n}) for n, name in enumerate(calls)]
    return trajectory(
        made, [Wanted(name, None) for name in wanted], order=order, forbidden=forbidden, most_repeats=most_repeats
    )


@pytest.mark.parametrize(
    ("calls", "wanted", "order", "value"),
    [
        ("ab", "ab", "exact", 1.0),
        ("axb", "ab", "exact", 2 / 3),
        ("axb", "ab", "in", 1.0),
        ("ba", "ab", "in", 0.5),
        ("ba", "ab", "any", 1.0),
        ("a", "ab", "any", 0.5),
        ("a", "aa", "any", 0.5),
        ("cab", "abc", "in", 2 / 3),
        ("", "ab", "in", 0.0),
        ("x", "", "in", 1.0),
        ("x", "", "exact", 0.0),
        ("", "", "exact", 1.0),
    ],
)
def test_the_share_of_the_expected_calls(calls, wanted, order, value):
    """In any order, in this order, or these and no other."""
    assert value == pytest.approx(tried(calls, wanted, order).value)


def test_what_is_forbidden_is_0():
    """Whatever else was right; with its name."""
    found = tried("ab", "ab", forbidden=("b",))
    assert 0.0 == found.value
    assert "'b' was called, which is forbidden" in found.reason


@pytest.mark.parametrize(("n", "value"), [(2, 1.0), (3, 0.0)])
def test_the_same_call_again_and_again_is_a_circle(n, value):
    """Twice may be a retry; with other arguments it is another call."""
    again = [Called("a", {"q": 1})] * n
    found = trajectory(again, [Wanted("a", None)], order="in", forbidden=(), most_repeats=2)
    assert value == found.value
    assert 1.0 == tried("aaaa", "a").value


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        ({"city": "Rome"}, 1.0),
        ({"city": "rome"}, 0.0),
        ({"city": re.compile("^ro", re.IGNORECASE), "n": lambda n: n > 1}, 1.0),
        ({"n": re.compile("2")}, 0.0),
        ({"day": 1}, 0.0),
        ({}, 1.0),
    ],
)
def test_arguments_that_are_named_must_fit(wanted, value):
    """Values, patterns and functions; the others do not matter."""
    made = [Called("book", {"city": "Rome", "n": 2})]
    assert value == trajectory(made, [Wanted("book", wanted)], order="in", forbidden=(), most_repeats=2).value


def test_each_expected_call_needs_a_call_of_its_own():
    """Also where the first that fits is the only one for another: a matching, not the first come."""
    made = [Called("a", {"x": 1, "y": 1}), Called("a", {"x": 1})]
    wanted = [Wanted("a", {"x": 1}), Wanted("a", {"y": 1})]
    assert 1.0 == trajectory(made, wanted, order="any", forbidden=(), most_repeats=2).value


def test_arguments_that_nobody_can_read_fit_nothing():
    """The model wrote no JSON."""
    made = [Called("a", None)]
    assert 0.0 == trajectory(made, [Wanted("a", {})], order="in", forbidden=(), most_repeats=2).value


@pytest.mark.parametrize(
    ("how", "k", "value"),
    [
        ("recall", None, 2 / 3),
        ("recall", 1, 1 / 3),
        ("precision", None, 0.5),
        ("precision", 2, 0.5),
        ("average_precision", None, (1 + 2 / 3) / 3),
        ("average_precision", 2, 0.5),
        ("ndcg", None, (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3) + 1 / math.log2(4))),
        ("reciprocal_rank", None, 1.0),
    ],
)
def test_a_ranked_list_against_what_is_relevant(how, k, value):
    """Ranks 1 and 3 of four are relevant, of three that there are; a double counts at its first place."""
    found = retrieval(["a", "x", "b", "a", "y"], ["a", "b", "c"], how=how, k=k)
    assert value == pytest.approx(found.value)
    assert found.version == f"1 {how}" + (f"@{k}" if k else "")


def test_where_nothing_is_relevant_there_is_no_score():
    """And where nothing is found it is 0."""
    assert None is retrieval(["a"], [], how="recall").value
    assert {0.0} == {
        retrieval([], ["a"], how=how).value
        for how in ("recall", "precision", "average_precision", "ndcg", "reciprocal_rank")
    }


def call(**fields):
    """A response of which only the named fields matter."""
    return Response(text="", request=Request(model="m", messages=()), **fields)


@pytest.mark.parametrize(
    ("limits", "value"),
    [
        ({"latency_s": 2.0}, 1.0),
        ({"latency_s": 1.0}, 0.5),
        ({"latency_s": 1.0, "output_tokens": 3}, 0.1),
        ({"input_tokens": 10, "cost_usd": 0.02}, 1.0),
        ({"cost_usd": 0.0}, 0.0),
    ],
)
def test_the_worst_of_several_limits_counts(limits, value):
    """Two calls are added up; kept is 1, twice too much is 0.5."""
    calls = [call(latency_s=1.0, n_input_tokens=5, n_output_tokens=15, cost_usd=0.01)] * 2
    assert value == within(calls, limits).value


def test_what_is_not_known_is_not_scored():
    """A price that nobody knows, a first token of what was not streamed, an answer without a call."""
    assert "cost_usd" in within([call()], {"cost_usd": 1.0}).reason
    assert None is within([call(), call(cost_usd=1.0)], {"cost_usd": 1.0}).value
    assert None is within([call(latency_s=1.0)], {"first_token_s": 1.0}).value
    assert None is within([], {"latency_s": 1.0}).value
    by_application, by_llm = call(wire=Wire(headers={}, body="", first_s=0.5)), call(more={"first_token_s": 1.0})
    assert 1.0 == within([by_application], {"first_token_s": 0.5}).value
    assert 0.5 == within([by_application, by_llm], {"first_token_s": 0.5}).value


SCHEMA = {"type": "object", "required": ["total"], "properties": {"total": {"type": "number", "minimum": 0}}}


class Order(BaseModel):
    """The same form for pydantic."""

    total: float = Field(ge=0, strict=True)


@pytest.mark.parametrize(
    ("output", "value"),
    [
        ('{"total": 12}', 1.0),
        (' {"total": 0.5, "more": []}\n', 1.0),
        ('{"total": -1}', 0.0),
        ('{"total": "12"}', 0.0),
        ("{}", 0.0),
        ('{"total": NaN}', 0.0),
        ('{"total": 1} {"total": 2}', 0.0),
        ('```json\n{"total": 1}\n```', 0.0),
        ("Here: {}", 0.0),
        ("[" * 100_000, 0.0),
    ],
    ids=range(10),
)
def test_one_document_that_the_schema_allows(output, value):
    """The whole answer, by JSON Schema and by pydantic alike; with a reason."""
    by_schema, by_pydantic = json_schema(output, SCHEMA), pydantic_type(output, Order)
    assert (value, value) == (by_schema.value, by_pydantic.value)
    assert by_schema.reason
    assert by_pydantic.reason


def test_a_schema_is_looked_at_and_nothing_is_fetched():
    """A wrong one is told; so is one that refers to another address, and nobody is called."""
    assert "'nothing' is not valid" in check_schema({"type": "nothing"})
    assert "" == check_schema(SCHEMA)
    with pytest.raises(UsageError, match="nothing is fetched"):
        json_schema("{}", {"$ref": "https://example.com/schema"})


def test_patterns_and_lengths():
    """Found anywhere, tied by ^ and $; words, characters and lines that are not empty."""
    assert 1.0 == pattern("Order 12", re.compile(r"\d+")).value
    assert 0.0 == pattern("Order 12", re.compile(r"^\d+")).value
    assert [1.0, 0.0, 1.0] == [
        length("one two\n\nthree", least=2, most=most, unit=unit).value
        for most, unit in [(3, "words"), (3, "characters"), (2, "lines")]
    ]


@pytest.mark.parametrize(
    ("output", "wanted", "value"),
    [
        ("You get a refund within 30 days.", "en", 1.0),
        ("Sie erhalten Ihr Geld binnen 30 Tagen zurück.", "de", 1.0),
        ("Sie erhalten Ihr Geld binnen 30 Tagen zurück.", "en", 0.0),
        ("\u8fd4\u91d1\u306f30\u65e5\u4ee5\u5185\u306b\u884c\u308f\u308c\u307e\u3059\u3002" * 2, "ja", 1.0),
        ("Yes, please.", "en", None),
        ("\ud800 You get a refund within 30 days.", "en", 1.0),
    ],
    ids=range(6),
)
def test_the_language_of_a_text(output, wanted, value):
    """Named by its code; too few letters are no language."""
    assert value == language(output, wanted).value
