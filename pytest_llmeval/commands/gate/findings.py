"""From the runs of a check to its report: which draws are laid beside each other, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING

from pytest_llmeval import gate
from pytest_llmeval.errors import UsageError
from pytest_llmeval.gate import between_runs, resampling, trust
from pytest_llmeval.records import Baseline, Line, Verdict
from pytest_llmeval.records.trust import PlantedFault, Rate, Sight, TrustReport
from pytest_llmeval.store import baselines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.gate.resampling import PooledCase
    from pytest_llmeval.records import CheckId, Session, SessionVerdict

# A rate that is to be told from 5 % needs more verdicts than one that is to be large.
_FEWER = 4


def report_of(
    stored: Baseline,
    unchanged: Sequence[Session],
    faulty: Sequence[tuple[str, Session]],
    *,
    arguments: Sequence[str],
    n_resamples: int,
) -> TrustReport:
    """Count what the gate makes of these runs.

    Args:
        stored: the baseline of the project; its draws stand for unchanged code where there is no run of it.
        unchanged: sessions of unchanged code, pair after pair.
        faulty: the name of each fault, and the session that ran with it.
        arguments: what pytest was given, for the record.
        n_resamples: ways to deal the draws out where nothing changed; a fourth of it for each fault.

    Raises:
        UsageError: no check has draws enough to be dealt out.
    """
    runs = [gate.lines_of(session.id, session.results) for session in unchanged]
    drawn = runs or [tuple(stored.lines.values())]
    cases = resampling.pool(drawn, n_parts=len(unchanged) or 2)
    if not cases:
        raise UsageError(
            "there is nothing to try the gate on",
            found="no check with a threshold has two scored draws of unchanged code",
            hint="give a check a threshold, and say --pairs 1 where the baseline has one trial a case",
        )
    # Where stored draws stand for unchanged code, a fault is compared with all of them.
    known = cases if unchanged else resampling.pool(drawn, n_parts=1)
    n_fewer = max(n_resamples // _FEWER, 1)
    resampled = trust.false_alarms(cases, n_resamples)
    sizes = [case.n_trials for case in cases]
    newest = unchanged[0] if unchanged else None
    return replace(
        _of_pairs([trust.verdict_on(*pair) for pair in zip(runs[::2], runs[1::2], strict=True)]),
        checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=newest.commit if newest else "",
        model=baselines.run_of(newest).model if newest else "",
        arguments=tuple(arguments),
        runs=tuple(session.id for session in unchanged),
        n_cases=len(cases),
        n_lines=sum(len(case.lines) for case in cases),
        n_varying=sum(len(set(case.scores(place))) > 1 for case in cases for place in range(len(case.lines))),
        n_trials=(min(sizes), max(sizes)),
        resampled=resampled.rate,
        resampled_alarms=resampled.alarms,
        faults=tuple(_planted(name, session, drawn[0], known, n_fewer) for name, session in faulty),
        drawn_faults=trust.drawn_faults(cases, n_fewer),
        drift=(*_drift("the baseline", stored), *_drift("this check", _beside(unchanged, runs))),
        notes=tuple(_notes(drawn[0], cases)),
    )


def _of_pairs(verdicts: Sequence[SessionVerdict]) -> TrustReport:
    """Begin a report with what the gate said of pairs in which nothing had changed."""
    pairs: Rate | None = None
    if verdicts:
        pairs = trust.rate_of(sum(one.verdict is Verdict.REGRESSED for one in verdicts), len(verdicts))
    return TrustReport(
        checked_at="",
        pairs=pairs,
        n_no_verdict=sum(bool(one.invalid) for one in verdicts),
        alarms=trust.alarms_in(verdicts),
    )


def _planted(
    name: str, session: Session, baseline: Sequence[Line], known: Sequence[PooledCase], n_resamples: int
) -> PlantedFault:
    lines = gate.lines_of(session.id, session.results)
    verdict = trust.verdict_on(baseline, lines)
    sight = trust.sight_of(verdict)
    return PlantedFault(
        name=name,
        sight=sight,
        sentences=verdict.invalid if sight is Sight.NO_VERDICT else verdict.sentences,
        named=trust.named_in(verdict),
        run=session.id,
        found=trust.found_with(known, lines, n_resamples),
    )


def _beside(unchanged: Sequence[Session], runs: Sequence[Sequence[Line]]) -> Baseline:
    """Return the runs of this check as those of one baseline, so that their drift can be measured alike."""
    lines: dict[CheckId, Line] = {}
    for line in chain.from_iterable(runs):
        known = lines.get(line.id)
        if known is None:
            lines[line.id] = line
        elif known.is_comparable(line):
            lines[line.id] = replace(known, draws=(*known.draws, *line.draws))
    return Baseline(lines=lines, runs={session.id: baselines.run_of(session) for session in unchanged})


def _drift(whose: str, baseline: Baseline) -> Iterator[str]:
    """Say of each gated metric how far the runs lie apart, where there are two."""
    gated = {id_: line for id_, line in baseline.lines.items() if line.threshold is not None and line.draws}
    found = between_runs.drift(Baseline(lines=gated, runs=baseline.runs)) if gated else ()
    yield from (f"Runs of {whose}: {one.sentence}" for one in found if not one.unseen)
    if found and all(one.unseen for one in found):
        yield f"Runs of {whose}: drift cannot be seen ({found[0].unseen})."


def _notes(lines: Sequence[Line], cases: Sequence[PooledCase]) -> Iterator[str]:
    """Say what the figures leave out."""
    gated = [line for line in lines if line.threshold is not None]
    kept = {line.id for case in cases for line in case.lines}
    left_out = [line for line in gated if line.id not in kept]
    if left_out:
        yield f"{len(left_out)} of {len(gated)} checks are left out: not scored, or not alike, in every run."
    n_hard = sum(line.is_hard or line.require is not None for line in gated)
    if n_hard:
        yield (
            f"{n_hard} of {len(gated)} checks are hard, or say require=: they fail their test whatever the gate says, "
            "and that is not counted here."
        )
