"""Did an agent call the right tools, with the right arguments, in the right order, and not in circles?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from pytest_llmeval.records import Json, Score
from pytest_llmeval.records.exchange import canonical

VERSION: Final = "1"
Order: TypeAlias = Literal["any", "in", "exact"]
_N_SHOWN: Final = 10


class Called(NamedTuple):
    """A call of a tool.

    Args:
        name: of the tool.
        arguments: by name; None where they could not be read.
    """

    name: str
    arguments: Mapping[str, Json] | None


class Wanted(NamedTuple):
    """A call that is expected.

    Args:
        name: of the tool.
        arguments: those that count, by name: a value, a compiled regular expression that is found in it, or a function
            of it; None: any arguments.
    """

    name: str
    arguments: Mapping[str, Any] | None


def trajectory(
    calls: Sequence[Called], wanted: Sequence[Wanted], *, order: Order, forbidden: Sequence[str], most_repeats: int
) -> Score:
    """Score the share of the expected calls that were made; 0 where a forbidden tool was called, or in circles.

    Args:
        calls: as they were made.
        wanted: as they are expected.
        order: ``any``: all of them somewhere; ``in``: in this order, others may stand between (the longest common
            subsequence); ``exact``: in this order and no other, so of the longer of the two lists.
        forbidden: names of tools that must not be called.
        most_repeats: most equal calls, same name and same arguments; one more is a circle.

    Returns:
        A value in [0, 1], with what is missing in the reason.

    Source:
        Trajectory any-order, in-order and exact match of Google's Vertex AI evaluation ("Evaluate Gen AI agents"); as
        shares, where those are 0 or 1.
    """
    shown = " → ".join(map(_shown, calls[:_N_SHOWN])) or "no tool was called"
    called = [call.name for call in calls if call.name in forbidden]
    if called:
        return _score(0.0, f"{called[0]!r} was called, which is forbidden: {shown}")
    repeats = Counter(map(_shown, calls))
    circle = next((call for call, n in repeats.items() if n > most_repeats), None)
    if circle is not None:
        return _score(0.0, f"{circle} was called {repeats[circle]} times: {shown}")
    met = _any_order(calls, wanted) if order == "any" else _in_order(calls, wanted)
    n_of = max(len(calls), len(wanted)) if order == "exact" else len(wanted)
    missing = [one for place, one in enumerate(wanted) if place not in met]
    where = "" if order == "any" else " in this order"
    reason = "all expected calls were made"
    if missing:
        reason = f"not made{where}: {', '.join(one.name for one in missing)}"
    if order == "exact" and len(calls) > len(met):
        reason += f", {len(calls) - len(met)} beside them"
    return _score(len(met) / n_of if n_of else 1.0, f"{reason}; {shown}")


def _any_order(calls: Sequence[Called], wanted: Sequence[Wanted]) -> set[int]:
    """Give each expected call a call of its own, as many as can be (augmenting paths: Kuhn 1955)."""
    taken: dict[int, int] = {}  # by the place of the call, that of the expected one

    def finds_one(place: int, seen: set[int]) -> bool:
        for at, call in enumerate(calls):
            if at not in seen and _meets(call, wanted[place]):
                seen.add(at)
                if at not in taken or finds_one(taken[at], seen):
                    taken[at] = place
                    return True
        return False

    for place in range(len(wanted)):
        finds_one(place, set())
    return set(taken.values())


def _in_order(calls: Sequence[Called], wanted: Sequence[Wanted]) -> set[int]:
    """Return the places of the expected calls in the longest common subsequence."""
    best: list[list[frozenset[int]]] = [[frozenset()] * (len(calls) + 1) for _ in range(len(wanted) + 1)]
    for i, one in enumerate(wanted, 1):
        for j, call in enumerate(calls, 1):
            longest = max(best[i - 1][j], best[i][j - 1], key=len)
            best[i][j] = max(longest, best[i - 1][j - 1] | {i - 1}, key=len) if _meets(call, one) else longest
    return set(best[-1][-1])


def _meets(call: Called, wanted: Wanted) -> bool:
    if call.name != wanted.name:
        return False
    if wanted.arguments is None:
        return True
    given = call.arguments
    return given is not None and all(
        name in given and _fits(given[name], value) for name, value in wanted.arguments.items()
    )


def _fits(value: Json, wanted: Any) -> bool:  # noqa: ANN401 - a value, a pattern or a function of the user's
    if isinstance(wanted, re.Pattern):
        return isinstance(value, str) and wanted.search(value) is not None
    return bool(wanted(value)) if callable(wanted) else bool(value == wanted)


def _shown(call: Called) -> str:
    try:
        return f"{call.name}({canonical(call.arguments)[1:-1] if call.arguments is not None else '?'})"
    except (TypeError, ValueError):
        return f"{call.name}({call.arguments!r})"


def _score(value: float, reason: str) -> Score:
    return Score(metric="trajectory", value=value, reason=reason, version=VERSION)
