"""Shards' sessions → the one session that they are parts of, with proof that nothing is missing or there twice.

In: sessions of shards, in any order, some perhaps twice. Out: one session that is not judged yet; equal shards give an
equal one, its id included.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import fsum
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import CaseResult, Plan, PlannedCase, Session, Shard, Spend, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_RAN = (0, 1)
_SHOWN_DIGITS = 12
_SHOWN = 3
_SAME_COMMIT = "run all shards on one commit; of those that ran again leave the older files out"


class Chosen(NamedTuple):
    """The shards that count.

    Args:
        shards: by their numbers, sorted; one a number.
        passed_over: sessions that another one of the same shard takes the place of.
        n_shards: how many there should be.
    """

    shards: Mapping[int, Session]
    passed_over: tuple[Session, ...]
    n_shards: int

    @property
    def parts(self) -> tuple[Mapping[str, PlannedCase | None], ...]:
        """The tests of every shard, the missing ones too."""
        return shard_of(next(iter(self.shards.values()))).parts

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the shards of which there is nothing."""
        return tuple(number for number in range(1, self.n_shards + 1) if number not in self.shards)


def shard_of(session: Session) -> Shard:
    """Return which shard a session is of.

    Raises:
        UsageError: it is of none, or says what cannot be.
    """
    if session.shard is None:
        found = "it was merged before" if session.merged else "it ran the whole session"
        raise UsageError(
            f"session {session.id!r} is no shard",
            found=found,
            hint="give the files that pytest --llmeval-shard=I/N left",
        )
    shard = session.shard
    if not 1 <= shard.number <= shard.n_shards or len(shard.parts) not in (0, shard.n_shards) or not _began(session):
        raise UsageError(
            f"session {session.id!r} is malformed",
            found=f"it is {shard}, with {len(shard.parts)} parts, and began {session.started_at!r}",
            hint="give the file as pytest --llmeval-shard=I/N left it",
        )
    return shard


def _began(session: Session) -> datetime | None:
    try:
        return datetime.fromisoformat(session.started_at).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_complete(session: Session) -> bool:
    """Whether a shard ran all of its tests to their end, whatever became of them."""
    shard = shard_of(session)
    return shard.status in _RAN and not (session.stopped or session.lost)


def choose(sessions: Iterable[Session]) -> Chosen:
    """Take one session of each shard: of several the last that is complete, and the last of all where none is.

    Raises:
        UsageError: they are not parts of one session: another commit, other settings, versions or tests.
    """
    every = sorted({session.id: session for session in sessions}.values(), key=lambda one: (one.started_at, one.id))
    # All workers of it died before they could say what there was: it proves nothing, and its tests are lost.
    passed_over = [session for session in every if not shard_of(session).parts]
    known = [session for session in every if shard_of(session).parts]
    if not known:
        raise UsageError(
            "no shard knows which tests there were",
            found=", ".join(map(_named, passed_over)) or "no session is given",
            hint="run the shards again",
        )
    _refuse_mixed(known)
    shards: dict[int, Session] = {}
    for session in known:
        number = shard_of(session).number
        before = shards.get(number)
        if before is None or is_complete(session) or not is_complete(before):
            passed_over += [before] if before is not None else []
            shards[number] = session
        else:
            passed_over.append(session)
    in_order = {number: shards[number] for number in sorted(shards)}
    return Chosen(in_order, tuple(passed_over), shard_of(known[0]).n_shards)


def merged(chosen: Chosen) -> Session:
    """Put the shards together; what is missing is lost, test by test.

    Raises:
        UsageError: a test has a result in two shards.
    """
    shards = list(chosen.shards.values())
    first = shards[0]
    results = _results(shards)
    ids = sorted(session.id for session in shards)
    times = [(began, session) for session in shards if (began := _began(session)) is not None]
    began_s = min(began.timestamp() for began, _ in times)
    ended_s = max(began.timestamp() + session.duration_s for began, session in times)
    last = max(began for began, _ in times)
    return Session(
        # Where the shards stand in one folder with it, it is the newest.
        id=f"{last:%Y%m%dT%H%M%SZ}-{digest(ids)[:8]}",
        started_at=min(session.started_at for session in shards),
        duration_s=ended_s - began_s,
        commit=first.commit,
        branch=first.branch,
        folder=first.folder,
        settings=first.settings,
        versions=first.versions,
        plan=_plan(chosen),
        results=results,
        lost=tuple(sorted(_lost(chosen))),
        stopped="; ".join(f"{session.shard}: {session.stopped}" for session in shards if session.stopped),
        selection=first.selection,
        trials=first.trials,
        spend=_spend(shards),
        merged=tuple(ids),
    )


def _results(shards: Sequence[Session]) -> tuple[CaseResult, ...]:
    found: dict[str, CaseResult] = {}
    for session in shards:
        for result in session.results:
            if result.nodeid in found:
                raise UsageError(
                    f"{result.nodeid!r} has a result in two shards",
                    found=f"one of them is in {session.id}",
                    hint="give the files as pytest --llmeval-shard=I/N left them",
                )
            found[result.nodeid] = result
    return tuple(sorted(found.values(), key=lambda result: (result.id, result.nodeid)))


def _plan(chosen: Chosen) -> Plan:
    """Return the plan of all, the tests of missing shards included."""
    shards = list(chosen.shards.values())
    cases: dict[str, PlannedCase] = {}
    for session in shards:
        cases |= session.plan.cases
    for number in chosen.missing:
        cases |= {test: case for test, case in chosen.parts[number - 1].items() if case is not None}
    return Plan(
        cases={nodeid: cases[nodeid] for nodeid in sorted(cases)},
        n_deselected=max(session.plan.n_deselected for session in shards),
        variants=next((session.plan.variants for session in shards if session.plan.variants), ()),
    )


def _lost(chosen: Chosen) -> Iterator[str]:
    """Name the tests that should have brought a result and did not; of a missing shard all, of whatever kind."""
    for number in chosen.missing:
        yield from chosen.parts[number - 1]
    for number, session in chosen.shards.items():
        yield from session.lost
        # One that was stopped by its first failure says so, and what had not begun is not lost.
        if session.stopped and shard_of(session).status in _RAN:
            continue
        there = {(result.id, result.arm) for result in session.results} | {
            (case.id, case.arm) for nodeid in session.lost if (case := session.plan.cases.get(nodeid)) is not None
        }
        planned = chosen.parts[number - 1].items()
        yield from (test for test, case in planned if case is not None and (case.id, case.arm) not in there)


def _spend(shards: Sequence[Session]) -> Spend | None:
    spends = [session.spend for session in shards if session.spend is not None]
    if not spends:
        return None
    share, n_shards = spends[0].budget_usd, shard_of(shards[0]).n_shards
    undone = tuple(sorted(nodeid for spend in spends for nodeid in spend.undone))
    if all(spend.account for spend in spends):
        # Each has read what all had spent so far: the last one knows it all.
        last = {spend.account: spend for spend in sorted(spends, key=lambda spend: spend.spent_usd)}
        spends, share = list(last.values()), fsum(spend.budget_usd for spend in last.values()) / n_shards
    return Spend(
        budget_usd=share * n_shards,
        spent_usd=fsum(spend.spent_usd for spend in spends),
        unsure_usd=fsum(spend.unsure_usd for spend in spends),
        n_unsure=sum(spend.n_unsure for spend in spends),
        n_refused=sum(spend.n_refused for spend in spends),
        undone=undone,
    )


# -- are they parts of one session? -------------------------------------------------------------------------------


def _refuse_mixed(sessions: Sequence[Session]) -> None:
    first = sessions[0]
    for other in sessions[1:]:
        one, two = shard_of(first), shard_of(other)
        if one.n_shards != two.n_shards:
            raise UsageError("the shards are of several sessions", found=f"{first.id} is {one}, {other.id} is {two}")
        if first.commit != other.commit:
            raise UsageError(
                "the shards ran on different commits",
                found=f"{_named(first)} on {_commit(first)}, {_named(other)} on {_commit(other)}",
                hint=_SAME_COMMIT,
            )
        _refuse_other("settings", first, other, _settings(first), _settings(other))
        _refuse_other("versions", first, other, first.versions, other.versions)
        _refuse_other("selections", first, other, {"it": first.selection}, {"it": other.selection})
        _refuse_other_plan(first, other)
        if first.trials != other.trials:
            raise UsageError(
                "the shards planned their trials differently",
                found=f"{_named(first)} and {_named(other)} read different baselines",
                hint=_SAME_COMMIT,
            )


def _settings(session: Session) -> dict[str, object]:
    return {**session.settings, **shard_of(session).rules._asdict()}


def _refuse_other(
    what: str, first: Session, other: Session, one: Mapping[str, object], two: Mapping[str, object]
) -> None:
    differing = [name for name in sorted({*one, *two}) if one.get(name) != two.get(name)]
    if differing:
        name = differing[0]
        more = f", and {len(differing) - 1} more differ" if len(differing) > 1 else ""
        raise UsageError(
            f"the shards ran with different {what}",
            found=f"{name} is {one.get(name)!r} in {_named(first)}, {two.get(name)!r} in {_named(other)}{more}",
            hint=f"run all shards with the same {what}",
        )


def _refuse_other_plan(first: Session, other: Session) -> None:
    one, two = shard_of(first).parts, shard_of(other).parts
    if one == two:
        return
    mine, theirs = ({test for part in parts for test in part} for parts in (one, two))
    odd = sorted(mine ^ theirs)
    shown = ", ".join(odd[:_SHOWN]) + (f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else "")
    raise UsageError(
        "the shards collected different tests",
        found=f"only in {_named(first)} or in {_named(other)}: {shown}" if odd else "the same tests, split otherwise",
        hint="parameters and cases must be the same on every machine, and pytest's own arguments too",
    )


def _named(session: Session) -> str:
    return f"{session.shard} ({session.id})"


def _commit(session: Session) -> str:
    return session.commit[:_SHOWN_DIGITS] or "no commit"
