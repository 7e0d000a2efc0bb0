"""Documents that hold a list of cases among other things: the data sets of JSON and YAML."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json

LISTS = ("cases", "tests", "goldens")
"""Names of the list: of pydantic_evals and anybody, of promptfoo, of deepeval."""


def one_list(shown: str, names: Collection[str]) -> str:
    """Return the name of the one list of cases in a document.

    Args:
        shown: the document.
        names: of its fields that are lists and in ``LISTS``.

    Raises:
        UsageError: there is none, or more than one.
    """
    if len(names) == 1:
        return next(iter(names))
    raise UsageError(
        f"{shown} does not show where its cases are",
        found="it has the lists " + " and ".join(sorted(names)) if names else "it is one object without such a list",
        hint="it holds a list of cases, or an object with one list of them: " + ", ".join(LISTS),
    )


def refuse_defaults(shown: str, others: Mapping[str, Json]) -> None:
    """Refuse a promptfoo configuration whose tests are more than they show: half of an input must not be tested.

    Args:
        shown: the document.
        others: its fields beside the list.

    Raises:
        UsageError: it has variables for all tests, or scenarios.
    """
    default = others.get("defaultTest")
    if isinstance(default, dict) and default.get("vars"):
        raise UsageError(
            f"{shown} has defaultTest.vars, which are not put into its tests",
            found=f"they are {', '.join(map(repr, default['vars']))}"[:200],
            hint="write them into each test, or render the tests by promptfoo",
        )
    if others.get("scenarios"):
        raise UsageError(f"{shown} has scenarios, which are not read", hint="write them out as tests")
