"""What a run would take, for ``--llmeval-plan``: the collected tests beside earlier sessions, stores and baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_llmeval import gate
from pytest_llmeval.calls.cache import Mode
from pytest_llmeval.calls.key import cache_key
from pytest_llmeval.calls.prices import Prices
from pytest_llmeval.errors import LlmevalError, UsageError
from pytest_llmeval.exports import plan_text
from pytest_llmeval.exports.wording import count
from pytest_llmeval.gather.earlier import newest_first
from pytest_llmeval.gather.forecast import Asked, Known, Now, forecast, ran_whole
from pytest_llmeval.plugin import items
from pytest_llmeval.plugin.hooks import may_have_base
from pytest_llmeval.records import Variant
from pytest_llmeval.store.looking import Looking

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import CaseId, Request
    from pytest_llmeval.records.forecast import Forecast

_NO_VARIANT = Variant()


class _Visible(NamedTuple):
    """What a run could show against its baseline, and how many trials it may draw on top."""

    sentences: tuple[str, ...] = ()
    n_more: int = 0


def describe(session: pytest.Session, state: State) -> list[str]:
    """Return the plan in words, a line each.

    Args:
        session: of pytest, whose tests are collected.
        state: of this process, which knows the plan.

    Raises:
        pytest.UsageError: the baseline or its commit cannot be read, as in the run itself.
    """
    try:
        if may_have_base(state):
            from pytest_llmeval.plugin import base

            base.meet(session.config, state)
        visible = _visible(state)
        looking = Looking(state.settings.working_cache, state.settings.database)
        try:
            found = forecast(state.planned, _known(state), _now(session, state.settings, looking))
        finally:
            looking.close()
    except LlmevalError as error:
        raise pytest.UsageError(f"llmeval: {error}") from None
    return plan_text.lines(
        found,
        concurrency=state.settings.concurrency * state.n_processes,
        n_more=visible.n_more,
        visible=visible.sentences,
        notes=[*_notes(state, found), *looking.notes],
        budget_usd=state.settings.budget_usd,
    )


def _visible(state: State) -> _Visible:
    cases = {case.id: case.n_trials for case in state.planned.values()}
    lines = [line for line in state.baseline.lines.values() if line.id.case_id in cases and line.threshold is not None]
    if not lines:
        return _Visible()
    asked: int | str = state.settings.trials
    if asked == "auto":
        planned = gate.plan(lines, trials="auto")
        return _Visible(planned.sentences, planned.n_calls_most - planned.n_calls_least)
    sizes = {cases[line.id.case_id] for line in lines}
    said = gate.plan(lines, trials=min(sizes)).sentences
    fewest = f"counted with {count(min(sizes), 'trial')} of every case, the fewest that one has"
    return _Visible((*said, fewest) if len(sizes) > 1 else said)


def _known(state: State) -> Mapping[str, Known]:
    """Find each case in the newest session that ran it, by the node ids of the run that is planned."""
    wanted = {(case.id, case.arm) for case in state.planned.values()}
    # A model that was not asked yet is known by what another one was asked; another prompt is another question.
    wanted |= {(id_, "") for id_, _ in wanted}
    known: dict[tuple[CaseId, str], Known] = {}
    for session in newest_first(state.settings.folder):
        default = Asked(str(session.settings.get("model", "")), str(session.settings.get("api_base", "")))
        for result in session.results:
            key = result.id, result.arm
            if key in wanted and key not in known and ran_whole(result):
                known[key] = Known(result=result, default=default, session=session.id)
        if len(known) == len(wanted):
            break
    prompted = {variant.name for variant in state.collector.plan().variants if variant.prompt_file or variant.settings}
    found = {}
    for nodeid, case in state.planned.items():
        told = known.get((case.id, case.arm)) or (None if case.arm in prompted else known.get((case.id, "")))
        if told is not None:
            found[nodeid] = told
    return found


def _now(session: pytest.Session, settings: Settings, looking: Looking) -> Now:
    """Say what holds in the run: its models, and what is stored."""
    default = Asked(settings.model, settings.api_base)
    modules = {item.nodeid: item.path for item in session.items}

    def is_stored(nodeid: str, request: Request) -> bool:
        module, name = modules[nodeid], settings.recordings
        recordings = module.parent / name / f"{module.stem}.jsonl" if name else None
        return looking.has(cache_key(request), request, recordings)

    return Now(
        mode=Mode(settings.cache),
        default=default,
        marked=_marked(session.items, default),
        # Which of a panel a stored question was put to, that question says.
        judge=Asked(settings.judges[0] if len(settings.judges) == 1 else "", settings.judge_api_base),
        prices=Prices(settings.prices),
        is_stored=is_stored,
    )


def _marked(collected: Sequence[pytest.Item], default: Asked) -> dict[str, Asked]:
    """Return whom each test's marker or variant says, where it says somebody; one with a wrong marker does not run."""
    marked = {}
    for item in collected:
        try:
            said = items.marked(item)
        except UsageError:
            continue
        variant = items.variant_of(item) or _NO_VARIANT
        model = variant.model or said.get("model", default.model)
        api_base = variant.api_base or said.get("api_base", default.api_base)
        if "model" in said or "api_base" in said or variant.name:
            marked[item.nodeid] = Asked(model, api_base)
    return marked


def _notes(state: State, found: Forecast) -> Iterator[str]:
    if state.faults:
        nodeid, error = next(iter(state.faults.items()))
        who = "1 test fails in its" if len(state.faults) == 1 else f"{len(state.faults)} tests fail in their"
        yield f"{who} set-up; {nodeid}: {' '.join(str(error).split())}"
    if found.sessions:
        more = f" and {len(found.sessions) - 1} before it" if len(found.sessions) > 1 else ""
        yield (
            f"counted by what session {found.sessions[0]}{more} asked: a prompt that was edited since then is asked "
            "anew, which shows only when its test runs"
        )
