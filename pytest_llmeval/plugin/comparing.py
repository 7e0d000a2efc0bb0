"""The gate's word on a session, and what it rests on: base commit, acceptances, weakened checks, origins, reruns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmeval import gate
from pytest_llmeval.gate.acceptances import acceptance_sentences, with_thresholds_of
from pytest_llmeval.gate.origins import origin_sentences, origins_of
from pytest_llmeval.gate.weakened import find_weakened, weakened_sentences
from pytest_llmeval.plugin.confirming import Confirmed, beside_base
from pytest_llmeval.records import Against, SessionVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pytest

    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import Line

_SHOWN = 12  # of a commit's id


def compare(
    session: pytest.Session, state: State, lines: Sequence[Line], *, is_whole: bool
) -> tuple[SessionVerdict, Against]:
    """Compare a session with its baseline, and say what the branch did to that baseline.

    Args:
        session: of pytest.
        state: of the controller.
        lines: of the session.
        is_whole: the session was to run every test and did, so that a check it lacks is gone.
    """
    base, results = state.base, state.collector.results()
    baseline = gate.of_arms(state.baseline, lines)
    stored = gate.of_arms(base.stored, lines) if base is not None else baseline
    judged = with_thresholds_of(stored, lines) if base is not None and base.is_fork else tuple(lines)
    trials = state.trials.plan if state.settings.trials == "auto" else None
    compared = gate.compare_all(baseline, judged, trials=trials)
    contracts = gate.contracts_of(baseline.lines, judged)
    now = datetime.fromtimestamp(state.started_s, tz=UTC)
    remarks = gate.of_age(baseline, now.date())
    confirmed = Confirmed(gate.decide(compared, contracts=contracts, remarks=remarks))
    if state.settings.confirm and base is not None and is_whole:
        decide = partial(gate.decide, contracts=contracts, remarks=remarks)
        confirmed = beside_base(session, state, base, judged, compared, confirmed.verdict, decide)
    own = gate.of_arms(base.own, lines) if base is not None and base.own is not None and not base.is_fork else None
    weakened = find_weakened(stored, lines, results, own=own)
    if not is_whole:
        here = {line.id for line in lines}
        weakened = tuple(one for one in weakened if one.id in here)
    against = Against(
        commit=base.commit if base is not None else "",
        name=base.name if base is not None else "",
        is_fork=state.is_fork,
        accepted=base.held.accepted if base is not None else (),
        refused=base.held.refused if base is not None else (),
        weakened=weakened,
        cases=origins_of(
            baseline,
            lines,
            results,
            now=now,
            max_age_days=state.settings.max_age,
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
