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


def defaults(shown: str, others: Mapping[str, Json]) -> dict[str, Json]:
    """Return the variables that a promptfoo configuration gives to all of its tests: part of every input.

    Args:
        shown: the document.
        others: its fields beside the list.

    Raises:
        UsageError: they stand in another file, or it has scenarios: more tests than it shows.
    """
    if others.get("scenarios"):
        raise UsageError(f"{shown} has scenarios, which are not read", hint="write them out as tests")
    default = others.get("defaultTest")
    found = default.get("vars") if isinstance(default, dict) else default
    if found is not None and not isinstance(found, dict):
        raise UsageError(
            f"{shown} has a defaultTest whose variables stand elsewhere",
            found=f"got {found!r}"[:200],
            hint="write them into the file",
        )
    return found or {}


def completed(row: Json, variables: Mapping[str, Json]) -> Json:
    """Return a test with the variables of all tests, where it has none of the name itself."""
    if not variables or not isinstance(row, dict) or not isinstance(row.get("vars", {}), dict):
        return row
    return {**row, "vars": {**variables, **row.get("vars", {})}}
