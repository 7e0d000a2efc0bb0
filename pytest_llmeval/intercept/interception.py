"""What becomes of the calls of one test's application: replayed, or asked and stored, as the cache's mode says."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.providers import Fault
from pytest_llmeval.errors import CacheMiss, LlmevalError, UsageError
from pytest_llmeval.intercept import answered, plain, streamed
from pytest_llmeval.intercept.asked import request_of, secrets_in, without
from pytest_llmeval.records import Request, Response, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmeval.calls.budget import Budget, Reservation
    from pytest_llmeval.calls.cache import Cache
    from pytest_llmeval.calls.engine import Engine
    from pytest_llmeval.intercept.endpoints import Endpoint

KEPT_HEADERS = ("content-type", "request-id", "x-request-id")
OK = 200


class Unanswered(BaseException):
    """A call of the application that gets no answer from us: nothing is recorded, and none may be asked.

    No ``Exception``: clients take those for a lost connection, try again after a pause, and hide them in an error of
    their own; and an application that goes on without an answer would pass its test.

    Args:
        error: what the test is to fail with.
    """

    def __init__(self, error: LlmevalError) -> None:
        super().__init__(str(error))
        self.error = error


class Where(NamedTuple):
    """For whom calls are made.

    Args:
        nodeid: pytest's id of the test, for the command that records a miss.
        cache: where its answers stand.
        trial: index of the trial in the key; None outside one.
        namespace: the tenant.
    """

    nodeid: str
    cache: Cache
    trial: int | None
    namespace: str = ""


class Interception:
    """The calls of one trial. Safe to use from several threads.

    Args:
        engine: knows the mode, and what is stored.
        where: for whom calls are made.
        on_response: told of every answer, with its place in the order in which the calls were made.
        on_error: told of every error of ours that is raised in the application.
    """

    def __init__(
        self,
        engine: Engine,
        where: Where,
        *,
        on_response: Callable[[int, Response], None],
        on_error: Callable[[LlmevalError], None],
    ) -> None:
        self._engine = engine
        self._where = where
        self._on_response = on_response
        self._on_error = on_error
        self._taken: dict[str, set[int]] = {}
        self._n_calls = 0
        self._lock = threading.Lock()

    @property
    def budget(self) -> Budget | None:
        """What the application may spend; None: no limit."""
        return self._engine.budget

    def begin(self, endpoint: Endpoint, headers: Mapping[str, str], content: bytes) -> Exchange | None:
        """Take up one call.

        Args:
            endpoint: whom it asks.
            headers: of the request, found by names in lower case.
            content: of the request.

        Returns:
            the exchange, which has the reply if there is one; None where the request asks no model.

        Raises:
            Unanswered: there is none, and none may be asked; or what is stored cannot be read.
        """
        __tracebackhide__ = True  # pytest: it fails in the application's own line
        if endpoint.kind is None:
            self._refuse_unknown(endpoint)
            return None
        request = request_of(endpoint, content, headers, trial=self._where.trial)
        if request is None:
            return None
        if self._where.namespace:
            request = replace(request, namespace=self._where.namespace)
        key = cache_key(request)
        request = self._numbered(request, key)
        with self._lock:
            place, self._n_calls = self._n_calls, self._n_calls + 1
        exchange = Exchange(self, request, key, place, secrets_in(headers))
        try:
            found = self._engine.look(request, where=self._where.nodeid, cache=self._where.cache, suits=plain.has_reply)
        except LlmevalError as error:
            raise self.failed(error) from None
        if found is not None:
            exchange.reply = found.wire or plain.reply(found)
            self.answered(place, found)
        return exchange

    def keep(self, place: int, response: Response) -> None:
        """Store an answer that the application was given."""
        try:
            kept = self._engine.keep(response, cache=self._where.cache)
        except LlmevalError as error:
            raise self.failed(error) from None
        self.answered(place, kept)

    def answered(self, place: int, response: Response) -> None:
        """Make an answer part of the trial; the reply itself need not travel with it."""
        self._on_response(place, replace(response, wire=None))

    def failed(self, error: LlmevalError) -> Unanswered:
        """Note an error, and return what is raised in the application."""
        error.__cause__ = error.__context__ = None
        self._on_error(error)
        return Unanswered(error)

    def give_back(self, request: Request, key: str) -> None:
        """Let the next equal request be the same draw: this one brought none, and a client may try again."""
        with self._lock:
            self._taken[key].discard(request.repeat)

    def _numbered(self, request: Request, key: str) -> Request:
        """Give equal requests of one trial the lowest number that is free: asked twice, they are two draws."""
        with self._lock:
            taken = self._taken.setdefault(key, set())
            repeat = next(number for number in range(len(taken) + 1) if number not in taken)
            taken.add(repeat)
        return replace(request, repeat=repeat) if repeat else request

    def _refuse_unknown(self, endpoint: Endpoint) -> None:
        if self.budget is not None:
            raise self.failed(
                UsageError(
                    f"nobody knows what a call to {endpoint.path!r} costs, and a budget is set",
                    found="priced are chat completions, responses, messages, completions and embeddings",
                    hint="stand in for it in the test, or take --llmeval-budget-usd away",
                )
            )
        if not self._engine.may_ask:
            raise self.failed(
                CacheMiss(
                    f"calls to {endpoint.path!r} are not recorded, and mode 'replay' asks nobody",
                    found="recorded are chat completions, responses, messages, completions and embeddings",
                    hint="stand in for it in the test, or run with --llmeval-cache=auto",
                )
            )


class Exchange:
    """One call.

    Args:
        interception: whose it is.
        request: what is asked.
        key: of the first of its equals.
        place: in the order of the calls.
        secrets: keys that the request carried.

    Attributes:
        reply: what the application is given; None: the provider is to be asked, and what comes is told here.
    """

    def __init__(
        self, interception: Interception, request: Request, key: str, place: int, secrets: Sequence[str]
    ) -> None:
        self.reply: Wire | None = None
        self._interception = interception
        self._request = request
        self._key = key
        self._place = place
        self._secrets = secrets
        self._started_s = time.monotonic()
        self._first_s: float | None = None
        self._chunks: list[bytes] = []
        self._headers: Mapping[str, str] = {}
        self._is_over = False
        self._reservation: Reservation | None = None

    def must_wait(self) -> bool:
        """Whether the money for it is not there now, but may come back from other calls; else it is reserved.

        Raises:
            Unanswered: the budget does not cover it, or its price is unknown.
        """
        __tracebackhide__ = True
        budget = self._interception.budget
        if budget is None:
            return False
        try:
            self._reservation = budget.reserve(self._request)
        except LlmevalError as error:
            self.failed()
            raise self._interception.failed(error) from None
        return self._reservation is None

    def begun(self, headers: Mapping[str, str]) -> None:
        """Note that a reply with status 200 has begun."""
        self._headers = {name: headers[name] for name in KEPT_HEADERS if name in headers}

    def took(self, chunk: bytes) -> None:
        """Note a part of the body, decompressed."""
        if self._first_s is None:
            self._first_s = round(time.monotonic() - self._started_s, 3)
        self._chunks.append(chunk)

    def ended(self, *, is_whole: bool = True) -> None:
        """Store what has come, if it is a whole answer; at the body's end, or where the application stops reading."""
        if self._is_over:
            return
        latency_s = time.monotonic() - self._started_s
        body = without(self._secrets, b"".join(self._chunks).decode("utf-8", "surrogateescape"))
        response = answered.read(self._request, self._headers.get("content-type", ""), body, is_ended=is_whole)
        if response is None:
            self.failed()
            return
        self._is_over = True
        self._settle(response)
        wire = Wire(headers=self._headers, body=body, first_s=self._first_s)
        self._interception.keep(self._place, replace(response, wire=wire, latency_s=latency_s))

    def failed(self, status: int | None = None) -> None:
        """Note that there is no answer; it is the application's to deal with, and not stored.

        Args:
            status: of HTTP, where that says so.
        """
        if not self._is_over:
            self._is_over = True
            self._settle(Fault("no answer", status=status))
            self._interception.give_back(self._request, self._key)

    def _settle(self, outcome: Response | Fault) -> None:
        budget = self._interception.budget
        if budget is not None:
            budget.settle(self._reservation, outcome)
            self._reservation = None


def chunks(reply: Wire) -> list[bytes]:
    """Cut a stored reply as it is to be handed over: a stream event by event, everything else whole."""
    is_stream = reply.headers.get("content-type", "").startswith(answered.STREAM_TYPE)
    parts = streamed.events(reply.body) if is_stream else [reply.body]
    return [part.encode("utf-8", "surrogateescape") for part in parts]
