"""What a test item declares: whether it is an LLM test, who its case is, how many trials it has."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_llmeval.errors import UsageError
from pytest_llmeval.plugin.fixtures import INTERCEPTS, has_marker

if TYPE_CHECKING:
    from pytest_llmeval.gather.recorder import Recorder
    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import Case, CaseId, PlannedCase, Variant

MARKER_NAMES = ("cases", "tags", "perturb", "trials", "suite", "model", "api_base", "eager", "variants", "intercept")
DEFAULT_SUITE = "session"
N_TRIALS = pytest.StashKey[int]()
"""How many trials an item has, where whoever started this pytest has said so of each."""
_MARKED = pytest.StashKey[dict[str, Any]]()
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_LONG_PARAMETER = 100


def marked(item: pytest.Item) -> Mapping[str, Any]:  # Any: marker arguments are the user's
    """Return the arguments of all ``llmeval`` markers that apply to an item, the closest last said wins.

    Raises:
        UsageError: an argument that the marker does not have.
    """
    said = item.stash.get(_MARKED, None)
    if said is not None:
        return said
    # What nobody has marked keeps nothing: there may be ten thousand.
    if not has_marker(item.parent) and not any(mark.name == "llmeval" for mark in item.own_markers):
        return _NOTHING
    said = item.stash[_MARKED] = said_by(item)
    return said


def said_by(node: pytest.Item) -> dict[str, Any]:
    """Return the arguments of the ``llmeval`` markers on an item or a test function; errors as of ``marked``."""
    said: dict[str, Any] = {}
    for mark in node.iter_markers("llmeval"):
        unknown = [name for name in mark.kwargs if name not in MARKER_NAMES]
        if mark.args or unknown:
            raise UsageError(
                f"the llmeval marker does not take {', '.join([*map(repr, mark.args), *unknown])}",
                hint="it takes " + ", ".join(f"{name}=" for name in MARKER_NAMES),
            )
        for name, value in mark.kwargs.items():
            said.setdefault(name, value)
    return said


def n_trials(item: pytest.Item, settings: Settings) -> int | Literal["auto"]:
    """Return how many trials the item has: by its marker, else by the settings, which may leave it to the gate.

    Raises:
        UsageError: the marker's number is none.
    """
    only = item.stash.get(N_TRIALS, None)
    if only is not None:
        return only
    said = marked(item).get("trials")
    n = settings.trials if said is None else valid_trials(said, item.nodeid)
    variant = variant_of(item)
    # Where the gate chooses the trials, a share of them is nobody's to choose.
    return n if variant is None or n == "auto" else variant.trials_of(n)


def valid_trials(trials: object, nodeid: str) -> int:
    """Return a number of trials.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(trials, int) or isinstance(trials, bool) or trials < 1:
        raise UsageError(f"{nodeid}: trials={trials!r} is not allowed", hint="it takes a whole number from 1")
    return trials


def suite_of(item: pytest.Item) -> str:
    """Return the suite the item belongs to."""
    return str(marked(item).get("suite", DEFAULT_SUITE))


def case_of(item: pytest.Item) -> Case | None:
    """Return the item's case, or None where the test has no ``cases=``."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("llm_case") if callspec is not None else None


def variant_of(item: pytest.Item) -> Variant | None:
    """Return the variant that the item is run in, or None where there is one way only."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return None
    found = callspec.params.get("llm_variant") or callspec.params.get("llm")
    if found is None:
        return None
    from pytest_llmeval.records import Variant

    return found if isinstance(found, Variant) else None


def variants_of(items: Sequence[pytest.Item]) -> tuple[Variant, ...]:
    """Return the variants of all items as a session keeps them: without the text of their prompts, each once."""
    variants = filter(None, map(variant_of, items))
    return tuple({variant.name: _kept(variant) for variant in variants}.values())


def _kept(variant: Variant) -> Variant:
    if not variant.api_base:
        return replace(variant, prompt=None)
    from pytest_llmeval.calls.guard import address_only

    return replace(variant, prompt=None, api_base=address_only(variant.api_base))


def arm_of(item: pytest.Item) -> str:
    """Return the name of the item's variant; empty where there is one way only."""
    variant = variant_of(item)
    return variant.name if variant is not None else ""


def case_id(item: pytest.Item) -> CaseId:
    """Return who the case is, in words that neither pytest's escaping nor xdist's groups change.

    The variant is no part of it: a case is the same in all arms.
    """
    from pytest_llmeval.plugin.cases import shown_id
    from pytest_llmeval.records import CaseId

    callspec = getattr(item, "callspec", None)
    name = getattr(item, "originalname", None) or item.name
    base = f"{item.parent.nodeid}::{name}" if item.parent is not None else item.nodeid
    if callspec is None:
        return CaseId(base)
    case = callspec.params.get("llm_case")
    variant = variant_of(item)
    # An empty id of a case is one.
    own = [*([case.id] if case is not None else []), *([variant.name] if variant is not None else [])]
    rest = _without(callspec.id, "-".join(map(shown_id, own))) if own else callspec.id
    for argument, value in callspec.params.items():
        rest = _by_digest(rest, argument, value)
    return CaseId(sys.intern(f"{base}[{rest}]") if rest else base, case.id if case is not None else "")


def _without(callspec_id: str, shown: str) -> str:
    """Take the part of case and variant out of pytest's joined id."""
    if callspec_id == shown:
        return ""
    if callspec_id.startswith(f"{shown}-"):
        return callspec_id[len(shown) + 1 :]
    return callspec_id.removesuffix(f"-{shown}")


def _by_digest(callspec_id: str, argument: str, value: object) -> str:
    """Name a long text by its digest: pytest names it by its position, which moves when a parameter is added."""
    from pytest_llmeval.records import digest

    if not isinstance(value, str) or len(value) <= _LONG_PARAMETER:
        return callspec_id
    return re.sub(rf"(?<![\w]){re.escape(argument)}\d+(?![\w])", f"{argument}~{digest(value)[:12]}", callspec_id)


def input_hash(item: pytest.Item) -> str:
    """Digest of the case's own input; without ``cases=`` of the parameters that JSON can hold, else empty."""
    from pytest_llmeval.records import digest

    case = case_of(item)
    if case is not None:
        return case.input_hash
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return ""
    variant = variant_of(item)
    params = {name: value for name, value in callspec.params.items() if value is not variant}
    if not params:
        return ""
    try:
        return digest(params)[:16]
    except (TypeError, ValueError, RecursionError):
        return ""


def refuse_twin(item: pytest.Item, first: str) -> None:
    """Refuse an item whose case another item is, ``first`` by its node id: one's scores would overwrite the other's.

    Raises:
        UsageError: the two cannot be told apart.
    """
    if first != item.nodeid:
        raise UsageError(
            f"{item.nodeid} and {first} are one case, {str(case_id(item))!r}",
            hint="give the case, or the parameter, another id",
        )


def is_eager(item: pytest.Item, settings: Settings) -> bool:
    """Whether a failing check of the item raises on the spot: as it is asked for, and under a debugger."""
    option = item.config.option
    try:
        is_asked_for = marked(item).get("eager", settings.eager)
    except UsageError:
        is_asked_for = False  # the test fails in its set-up for it
    return bool(is_asked_for or getattr(option, "usepdb", False) or getattr(option, "trace", False))


def is_intercepted(item: pytest.Item, settings: Settings) -> bool:
    """Whether the calls are recorded that the application makes itself in this test."""
    if INTERCEPTS in getattr(item, "fixturenames", ()):
        return True
    try:
        return bool(marked(item).get("intercept", settings.intercept))
    except UsageError:
        return False  # the test fails in its set-up for it


def new_recorder(item: pytest.Item, planned: PlannedCase | None, state: State) -> Recorder:
    """Make the recorder of one item; ``planned`` is None for one that shows only while it runs."""
    from pytest_llmeval.gather.desk import Desk
    from pytest_llmeval.gather.recorder import Recorder

    desk = Desk(
        judge=lambda recorder: state.backend.judge(item, recorder),
        spawn=lambda coroutine: state.backend.spawn(coroutine),  # noqa: PLW0108 - makes a backend only where it is used
    )

    function = inspect.unwrap(getattr(item, "obj", None) or new_recorder)
    return Recorder(
        nodeid=sys.intern(item.nodeid),
        id=planned.id if planned else case_id(item),
        case=case_of(item),
        suite=planned.suite if planned else suite_of(item),
        # Only a planned case is run several times; one that shows itself late has the one run it is in.
        n_trials=planned.n_trials if planned else 1,
        input_hash=input_hash(item),
        is_eager=is_eager(item, state.settings),
        root=state.settings.root,
        test_code=getattr(getattr(function, "__func__", function), "__code__", None),
        desk=desk,
        arm=planned.arm if planned else arm_of(item),
    )
