"""The gate's word on a session, and what it rests on: base commit, acceptances, weakened checks, origins, reruns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval import gate
from pytest_llmeval.gate.acceptances import acceptance_sentences, with_thresholds_of
from pytest_llmeval.gate.origins import origin_sentences, origins_of
from pytest_llmeval.gate.weakened import find_weakened, weakened_sentences
from pytest_llmeval.records import Against, Rerun, SessionVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_llmeval.ending.base import Base
    from pytest_llmeval.ending.grounds import Grounds
    from pytest_llmeval.records import Comparison, Line, Session

    Decide = Callable[[Sequence[Comparison]], SessionVerdict]
    Confirm = Callable[[Base, Sequence[Line], Sequence[Comparison], SessionVerdict, Decide], "Confirmed"]

_SHOWN = 12  # of a commit's id


class Confirmed(NamedTuple):
    """The verdict after the base version was run, and what is said of it."""

    verdict: SessionVerdict
    reruns: tuple[Rerun, ...] = ()
    sentences: tuple[str, ...] = ()


def compare(
    grounds: Grounds, record: Session, lines: Sequence[Line], *, confirm: Confirm | None = None
) -> tuple[SessionVerdict, Against]:
    """Compare a session with its baseline, and say what the branch did to that baseline.

    Args:
        grounds: what it is compared with.
        record: the session, gathered.
        lines: of the session.
        confirm: runs on the base version what regressed, and decides again; None where nobody can or will.
    """
    base, results = grounds.base, record.results
    # The session was to run every test and did, so that a check it lacks is gone.
    is_whole = not (record.stopped or record.selection or record.lost)
    baseline = gate.of_arms(grounds.baseline, lines)
    stored = gate.of_arms(base.stored, lines) if base is not None else baseline
    judged = with_thresholds_of(stored, lines) if base is not None and base.is_fork else tuple(lines)
    compared = gate.compare_all(baseline, judged, trials=record.trials)
    contracts = gate.contracts_of(baseline.lines, judged)
    now = datetime.fromtimestamp(grounds.started_s, tz=UTC)
    remarks = gate.of_age(baseline, now.date())
    decide = partial(gate.decide, contracts=contracts, remarks=remarks)
    confirmed = Confirmed(decide(compared))
    if confirm is not None and base is not None and is_whole:
        confirmed = confirm(base, judged, compared, confirmed.verdict, decide)
    own = gate.of_arms(base.own, lines) if base is not None and base.own is not None and not base.is_fork else None
    weakened = find_weakened(stored, lines, results, own=own)
    if not is_whole:
        here = {line.id for line in lines}
        weakened = tuple(one for one in weakened if one.id in here)
    against = Against(
        commit=base.commit if base is not None else "",
        name=base.name if base is not None else "",
        is_fork=grounds.is_fork,
        accepted=base.held.accepted if base is not None else (),
        refused=base.held.refused if base is not None else (),
        weakened=weakened,
        cases=origins_of(
            baseline,
            lines,
            results,
            now=now,
            max_age_days=grounds.settings.max_age,
        ),
        reruns=confirmed.reruns,
        recorded_at=max((run.recorded_at for run in baseline.runs.values()), default=""),
    )
    verdict = confirmed.verdict
    sentences = (*verdict.sentences, *confirmed.sentences, *_sentences(against, has_baseline=bool(baseline.lines)))
    return replace(verdict, sentences=sentences), against


def _sentences(against: Against, *, has_baseline: bool) -> Iterator[str]:
    yield from acceptance_sentences(against.accepted, against.refused)
    yield from weakened_sentences(against.weakened)
    # Without a baseline nothing can be its own recording.
    yield from origin_sentences(against.cases) if has_baseline else ()
    if against.commit:
        where = f"{against.name} at {against.commit[:_SHOWN]}"
        yield f"compared with the baseline of {where}" + (
            "; a fork: gate, thresholds and acceptances are that commit's, and no provider is asked"
            if against.is_fork
            else ""
        )
