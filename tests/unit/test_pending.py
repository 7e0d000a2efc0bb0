"""A pending record: known fields at once, all others by waiting, and then it is the plain record."""

from __future__ import annotations

import copy
import pickle
import threading
import traceback
from concurrent.futures import Future
from dataclasses import replace

import pytest

from pytest_llmeval.errors import ProviderError
from pytest_llmeval.records import (
    Check,
    Derived,
    PendingCheck,
    PendingResponse,
    Request,
    Response,
    Score,
    coming_of,
    land,
    leaves,
    metric_of,
)

ASKED = Request(model="openai/m", messages=({"role": "user", "content": "Hi"},))
PLAIN = Response(text="Hello", request=ASKED, n_output_tokens=1)


def pending() -> tuple[Future[Response], PendingResponse]:
    """A response whose answer the test gives."""
    future: Future[Response] = Future()
    return future, PendingResponse(future, request=ASKED)


def test_what_is_known_is_read_without_waiting():
    """The request, the kind of the record, and its repr, which pytest makes of locals in a failing test."""
    _, response = pending()

    assert isinstance(response, Response)
    assert ("openai/m", "Hi") == (response.request.model, response.request.question)
    assert "<PendingResponse, still on its way>" == repr(response)


@pytest.mark.parametrize(
    "read",
    [
        lambda response: response.text,
        str,
        lambda response: response.outcome,
        lambda response: response == PLAIN,
        copy.copy,
        lambda response: pickle.loads(pickle.dumps(response)),  # noqa: S301 - our own
        lambda response: replace(response, text="other"),
        land,
    ],
    ids=["field", "str", "field with a default", "equality", "copy", "pickle", "replace", "land"],
)
def test_reading_anything_else_waits_and_makes_it_the_plain_record(read):
    """In place, so that who holds it holds the plain record from then on."""
    future, response = pending()
    threading.Timer(0.05, future.set_result, [PLAIN]).start()

    read(response)

    assert type(response) is Response
    assert PLAIN == response
    assert vars(PLAIN) == vars(response)
    assert coming_of(response) is None


def test_several_threads_may_wait_for_one():
    """Whoever is first lands it, and the others find it landed."""
    future, response = pending()
    texts = []
    threads = [threading.Thread(target=lambda: texts.append(response.text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    future.set_result(PLAIN)
    for thread in threads:
        thread.join()

    assert ["Hello"] * 8 == texts


def test_an_error_is_raised_at_every_reading_from_a_short_frame():
    """What lies between the provider and the reader would fill pages, and holds keys."""
    future, response = pending()
    error = ProviderError("no answer", found="HTTP 500")
    error.__context__ = ValueError("a deep cause")
    future.set_exception(error)

    for _ in range(2):
        with pytest.raises(ProviderError, match="no answer") as caught:
            _ = response.text
        assert caught.value.__context__ is None
        assert 3 >= len(traceback.extract_tb(caught.value.__traceback__))


def test_a_derived_check_is_made_once_by_whoever_reads_it():
    """Its terms are known; its value waits for the answer, and an error is made once as well."""
    future, response = pending()
    made = []

    def measure() -> Check:
        made.append(response.text)
        return Check(score=Score(metric="length", value=0.5), threshold=0.4, nth=2)

    coming = coming_of(response)
    assert coming is not None
    check = PendingCheck(Derived([coming], measure), metric="length", threshold=0.4, nth=2)
    assert ("length", 0.4, 2) == (metric_of(check), check.threshold, check.nth)
    assert [future] == leaves([coming_of(check)])

    future.set_result(PLAIN)

    assert [] == leaves([coming_of(check)])
    assert (0.5, True, True) == (check.value, check.passed, bool(check))
    assert (["Hello"], Check) == (made, type(check))


def test_a_derived_error_is_raised_again_and_not_made_again():
    """A user's metric that fails is not run twice."""
    runs = []

    def fail() -> Check:
        runs.append(1)
        raise ValueError("broken metric")

    check = PendingCheck(Derived([], fail), metric="m")
    for _ in range(2):
        with pytest.raises(ValueError, match="broken metric"):
            _ = check.value

    assert [1] == runs
    assert "m" == metric_of(check)
