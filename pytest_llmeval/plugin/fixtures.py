"""The fixtures ``llm``, ``llm_case``, ``llm_variant``, ``llmeval`` and ``llmeval_…``; whether a test asks for one.

Imported in every run of pytest, so it imports nothing of ours.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest import nodes

    from pytest_llmeval.calls.client import Client
    from pytest_llmeval.gather.current import Running
    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.loopback import Loopback
    from pytest_llmeval.records import Case, Response, Variant


# Without an argument ``request``: pytest makes a fixture definition of it, with a signature, for every test.
@pytest.fixture
def llm() -> Client:
    """Ask the model under test: ``llm("How do I get a refund?", system=PROMPT)`` returns a Response."""
    return _running().client()


@pytest.fixture
def llm_case(request: pytest.FixtureRequest) -> Case:
    """The case of this run of the test, from ``@pytest.mark.llmeval(cases=...)``."""
    from pytest_llmeval.errors import UsageError

    case = getattr(request, "param", None)
    if case is None:
        raise UsageError(
            f"{request.node.nodeid!r} asks for llm_case and has no cases",
            hint='mark it: @pytest.mark.llmeval(cases="cases.jsonl")',
        )
    return case  # type: ignore[no-any-return] # set by our own parametrize


@pytest.fixture
def llm_variant(request: pytest.FixtureRequest) -> Variant:
    """The variant of this run of the test: ``llm(question, system=llm_variant.prompt or PROMPT)``."""
    from pytest_llmeval.plugin.items import marked, variant_of
    from pytest_llmeval.plugin.state import STATE
    from pytest_llmeval.records import Variant

    _running()
    settings, said = request.config.stash[STATE].settings, marked(request.node)
    found = variant_of(request.node) or Variant()
    return replace(
        found,
        model=found.model or said.get("model", settings.model),
        api_base=found.api_base or said.get("api_base", settings.api_base),
    )


class Llmeval:
    """What a test may ask the plugin; the ``llmeval`` fixture."""

    def __init__(self, recorder: Recorder, first_trial: int) -> None:
        self._recorder = recorder
        self._first_trial = first_trial

    @property
    def trial(self) -> int:
        """Index of the running trial, from 0; from a higher number where a baseline is extended."""
        return self._first_trial + self._recorder.trial

    @contextmanager
    def raises(self, match: str = "") -> Iterator[None]:
        """Expect a failing check: inside, checks raise on the spot and are not part of the session.

        A check fails its test only at the end, so ``pytest.raises(AssertionError)`` around it sees nothing; this does.

        Args:
            match: a regular expression that the failure's message must contain.
        """
        from pytest_llmeval.gather.aside import aside

        with aside(self._recorder), pytest.raises(AssertionError, match=match or None):
            yield


@pytest.fixture
def llmeval(pytestconfig: pytest.Config) -> Llmeval:
    """What a test may ask the plugin: ``llmeval.trial``, ``with llmeval.raises(): ...``."""
    from pytest_llmeval.plugin.state import STATE

    return Llmeval(_running().recorder(), pytestconfig.stash[STATE].settings.first_trial)


class Intercepted:
    """The calls that the application has made itself; the ``llmeval_intercept`` fixture."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    @property
    def calls(self) -> tuple[Response, ...]:
        """Its answers in this trial so far, in the order in which it asked for them."""
        return self._recorder.own_calls


@pytest.fixture
def llmeval_intercept() -> Intercepted:
    """Record and replay the calls that the application makes itself; ``.calls`` are those of this trial."""
    return Intercepted(_running().recorder())


@pytest.fixture
def llmeval_loopback() -> Iterator[Loopback]:
    """A provider on loopback that answers as scripted, and can misbehave: for tests of your own application."""
    from pytest_llmeval.loopback import Loopback

    with Loopback() as server:
        yield server


def _running() -> Running:
    from pytest_llmeval.gather import current

    test = current.test()
    if test is None:
        from pytest_llmeval.errors import UsageError

        raise UsageError(
            "no test is running that could ask", hint="ask for llm in a test, or in a fixture of function scope"
        )
    return test


INTERCEPTS = "llmeval_intercept"
FIXTURES = frozenset({"llm", "llm_case", "llm_variant", "llmeval", INTERCEPTS})


def is_llm_test(item: pytest.Item) -> bool:
    """Whether an item shows before it runs that it is an LLM test: by marker, fixture of ours, or ``assert_*``.

    A test that checks only in a function it calls does not show; its scores are gathered all the same, but it is not
    in the plan, so a worker that dies with it leaves no gap there.
    """
    if any(mark.name == "llmeval" for mark in item.own_markers) or has_marker(item.parent):
        return True
    asked = FIXTURES.intersection(getattr(item, "fixturenames", ()))
    if asked and any(is_ours(item, name) for name in asked):
        return True
    test = getattr(item, "obj", None)
    try:
        return _names_a_check(test)
    except TypeError:  # somebody else's kind of item, whose test has no hash
        return _names_a_check.__wrapped__(test)


def shows_itself(items: Sequence[pytest.Item]) -> bool:
    """Whether one of all collected items is an LLM test; of all tests of one function the first is looked at whole."""
    has_marker.cache_clear()
    seen = object()
    for item in items:
        # One parameter alone may be marked.
        if any(mark.name == "llmeval" for mark in item.own_markers):
            return True
        function = getattr(item, "_fixtureinfo", None) or item
        if function is not seen and is_llm_test(item):
            return True
        seen = function
    return False


@lru_cache(maxsize=1)  # the tests of one class or module stand together
def has_marker(node: nodes.Node | None) -> bool:
    """Whether all tests of a class, module or folder are LLM tests; forgotten before each time that all are asked."""
    return node is not None and node.get_closest_marker("llmeval") is not None


@lru_cache(maxsize=8)  # all parameters of a test are one function
def _names_a_check(test: object) -> bool:
    function = inspect.unwrap(test or _names_a_check)  # type: ignore[arg-type] # whatever an item may hold
    code, known = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    names = code.co_names if code is not None else ()
    if not any(name.startswith("assert_") for name in names):
        return False
    if any(name.partition(".")[0] == "pytest_llmeval" for name in names):  # it imports them itself
        return True
    values = [known.get(name) for name in names]
    # ``from pytest_llmeval import assert_safe``, and ``import pytest_llmeval as le`` with ``le.assert_safe``.
    return any(
        str(getattr(value, "__module__", "")).startswith("pytest_llmeval.assertions.")
        or (isinstance(value, ModuleType) and value.__name__ == "pytest_llmeval")
        for value in values
    )


def is_ours(item: pytest.Item, name: str) -> bool:
    """Whether a fixture of that name, as the item sees it, is this package's own."""
    # A foreign suite may have a fixture of its own called "llm": none of our business.
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}).get(name)
    return not definitions or definitions[-1].func.__module__.startswith("pytest_llmeval.")
