"""``--llmeval-confirm``: what the gate found is run on the base version too, and stays red only if it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_llmeval import gate
from pytest_llmeval.ending.comparing import Confirmed
from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.gate.confirmation import confirm, confirmation_sentences, to_confirm
from pytest_llmeval.gate.words import count
from pytest_llmeval.records import Provenance, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llmeval.ending.base import Base
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import CaseId, CaseResult, CheckId, Comparison, Line, SessionVerdict


def beside_base(
    session: pytest.Session,
    state: State,
    base: Base,
    lines: Sequence[Line],
    compared: Sequence[Comparison],
    verdict: SessionVerdict,
    decide: Callable[[Sequence[Comparison]], SessionVerdict],
) -> Confirmed:
    """Run what regressed on the base version, and decide again.

    A run that fails, or is stopped, leaves the verdict as it was.

    Args:
        session: of pytest, whose options are taken over; marked as interrupted where the user stops this.
        state: of the controller.
        base: the base commit.
        lines: of the session.
        compared: what the verdict was made of.
        verdict: against the stored baseline.
        decide: makes a verdict of comparisons, beside all else that it was made of.
    """
    baseline = gate.of_arms(state.baseline, lines)
    asked = to_confirm(baseline, lines, verdict.comparisons)
    if not asked:
        return Confirmed(verdict)
    if state.settings.cache == "replay":
        return Confirmed(
            verdict, sentences=("NOT CONFIRMED: the base version needs a provider, and this run asks none.",)
        )
    n_trials = _trials(asked, state.collector.results())
    _announce(session.config, state, base, n_trials)
    try:
        from pytest_llmeval.plugin.beside import run_base

        found = run_base(session.config, base.commit, n_trials, state.settings.folder / "sessions")
    except LlmevalError as error:
        said = " ".join(str(error).split())
        return Confirmed(verdict, sentences=(f"NOT CONFIRMED: {said}; the stored baseline alone decides.",))
    except KeyboardInterrupt:
        session.exitstatus = pytest.ExitCode.INTERRUPTED
        return Confirmed(verdict, sentences=("NOT CONFIRMED: stopped before the base version had run.",))
    here = {line.id: line for line in lines}
    there = {
        line.id: line
        for line in gate.lines_of(found.id, found.results)
        if line.id in here and line.draws and line.is_comparable(here[line.id])
    }
    weighed, reruns = confirm(baseline, lines, compared, verdict.comparisons, there)
    was_red = verdict.verdict is Verdict.REGRESSED
    sentences = [*confirmation_sentences(reruns, base.name, was_red=was_red)]
    sentences += _not_beside(asked, state.collector.results())
    return Confirmed(decide(weighed), reruns, tuple(sentences))


def _trials(asked: Sequence[CheckId], results: Sequence[CaseResult]) -> Mapping[CaseId, int]:
    """Return the cases behind the lines, and how many trials each had here."""
    wanted = {id_.case_id for id_ in asked}
    found: dict[CaseId, int] = {}
    for result in results:
        if result.id in wanted:
            # One number for all variants of a case.
            found[result.id] = max(len(result.trials), found.get(result.id, 1))
    return found


def _announce(config: pytest.Config, state: State, base: Base, n_trials: Mapping[CaseId, int]) -> None:
    """Say what this will cost, before it does."""
    results = [result for result in state.collector.results() if result.id in n_trials]
    trials = [trial for result in results for trial in result.trials]
    calls = [call for trial in trials for call in (*trial.calls, *trial.judge_calls)]
    prices = [call.cost_usd for call in calls]
    known = [price for price in prices if price is not None]
    cost = f"${sum(known):.4f}" if len(known) == len(prices) else "a price that is not known"
    took_s = sum(trial.duration_s for trial in trials)
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        reporter.write_line(
            f"llmeval: confirming on {base.name} at {base.commit[:12]}: {count(len(n_trials), 'case')}, "
            f"{count(len(trials), 'trial')}, about {count(len(calls), 'call')} for {cost}; "
            f"here they took {took_s:.0f} s one after the other"
        )


def _not_beside(asked: Sequence[CheckId], results: Sequence[CaseResult]) -> Iterator[str]:
    """Say where the two were not measured at the same time after all."""
    wanted = {id_.case_id for id_ in asked}
    calls = [call for result in results if result.id in wanted for trial in result.trials for call in trial.calls]
    replayed = [call.recorded_at for call in calls if call.provenance is Provenance.REPLAYED]
    if replayed:
        yield (
            f"the answers here were recorded on {min(replayed)[:10]} and those of the base version now: "
            "--llmeval-cache=refresh asks both anew"
        )
