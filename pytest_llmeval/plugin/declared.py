"""Whether a test declares itself an LLM test, before it runs. Part of every run of pytest, so it imports nothing."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

INTERCEPTS = "llmeval_intercept"
FIXTURES = frozenset({"llm", "llm_case", "llmeval", INTERCEPTS})


def is_llm_test(item: pytest.Item) -> bool:
    """Whether an item shows before it runs that it is an LLM test: by marker, fixture of ours, or ``assert_*``.

    A test that checks only in a function it calls does not show; its scores are gathered all the same, but it is not
    in the plan, so a worker that dies with it leaves no gap there.
    """
    if item.get_closest_marker("llmeval") is not None:
        return True
    asked = FIXTURES.intersection(getattr(item, "fixturenames", ()))
    return any(_is_ours(item, name) for name in asked) or _names_a_check(item)


def _names_a_check(item: pytest.Item) -> bool:
    function = inspect.unwrap(getattr(item, "obj", None) or _names_a_check)
    code, known = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    names = code.co_names if code is not None else ()
    if not any(name.startswith("assert_") for name in names):
        return False
    values = [known.get(name) for name in names]
    # ``from pytest_llmeval import assert_safe``, and ``import pytest_llmeval as le`` with ``le.assert_safe``.
    return any(
        getattr(value, "__module__", "") == "pytest_llmeval.assertions"
        or (isinstance(value, ModuleType) and value.__name__ == "pytest_llmeval")
        for value in values
    )


def _is_ours(item: pytest.Item, name: str) -> bool:
    # A foreign suite may have a fixture of its own called "llm": none of our business.
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {}).get(name)
    return not definitions or definitions[-1].func.__module__.startswith("pytest_llmeval.")
