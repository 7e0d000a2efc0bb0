"""What is said of a session below its page: stale answers, acceptances that are over, what was spent."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmeval.ending.grounds import day_of
from pytest_llmeval.gate.origins import stale_cases, stale_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.ending.grounds import Grounds
    from pytest_llmeval.records import CaseResult, Spend

_SHOWN = 5
_SHOWN_UNDONE = 3
_MOST_TARGETS = 20


def stale(results: Sequence[CaseResult], *, started_s: float, max_age_days: float | None) -> list[str]:
    """Say which cases stand on stale answers, and why; with a gate its own sentences say so.

    Args:
        results: of the session.
        started_s: when it began, in seconds since the epoch.
        max_age_days: age from which a recording is stale; None for never.
    """
    found = stale_cases(results, now=datetime.fromtimestamp(started_s, tz=UTC), max_age_days=max_age_days)
    return [f"llmeval: {sentence}; to ask anew: llmeval cache refresh --drift" for sentence in stale_sentences(found)]


def expired(grounds: Grounds) -> list[str]:
    """Name the lines that were accepted for a time that is over, where the gate compares with them."""
    if grounds.settings.gate == "off" or grounds.settings.baseline_update == "all":
        return []
    today = day_of(grounds.started_s)
    found = [line for line in grounds.baseline.lines.values() if line.is_expired(today)]
    if not found:
        return []
    first = [f"{line.id} ({line.acceptance.expires})" for line in found if line.acceptance][:_SHOWN]
    shown = ", ".join(first) + (", …" if len(found) > _SHOWN else "")
    have = "line is" if len(found) == 1 else "lines are"
    what = f"{len(found)} {have} accepted no longer, and the threshold decides again: {shown}"
    return [f"llmeval: {what}; mend it, or accept it anew: llmeval baseline accept PATTERN --reason ... --expires DATE"]


def dropped(nodeids: Sequence[str]) -> list[str]:
    """Name the tests that had run when the session stopped, and whose checks nobody waited for."""
    if not nodeids:
        return []
    shown = ", ".join(nodeids[:_SHOWN]) + (", …" if len(nodeids) > _SHOWN else "")
    tests = f"{len(nodeids)} test{'s' * (len(nodeids) != 1)}"
    return [f"llmeval: {tests} had run when the session stopped; their checks were not waited for: {shown}"]


def spent(spend: Spend) -> str:
    """Say in a sentence what was spent, what was left undone, and what to run for it."""
    from pytest_llmeval.calls.budget import NANO, dollars

    charged, unsure, budget = (round(usd * NANO) for usd in (spend.spent_usd, spend.unsure_usd, spend.budget_usd))
    text = f"llmeval: {dollars(charged)} of the budget of {dollars(budget)} spent"
    if spend.n_unsure:
        calls = "1 call" if spend.n_unsure == 1 else f"{spend.n_unsure} calls"
        text += f", up to {dollars(unsure)} of it on {calls} of which nobody knows what they cost"
    if not spend.n_refused:
        return text
    calls = "1 call was" if spend.n_refused == 1 else f"{spend.n_refused} calls were"
    text += f"; {calls} not made, since the rest does not cover the most that one may cost"
    if not spend.undone:
        return text
    n_tests = len(spend.undone)
    shown = ", ".join(spend.undone[:_SHOWN_UNDONE]) + (
        f" and {n_tests - _SHOWN_UNDONE} more" if n_tests > _SHOWN_UNDONE else ""
    )
    files = dict.fromkeys(name.partition("::")[0] for name in spend.undone)
    # Of many the files are enough: what was answered is stored, and replayed for nothing.
    targets = spend.undone if n_tests <= _MOST_TARGETS else list(files)
    amount = f"{spend.budget_usd:g}" if spend.spent_usd else "MORE"
    command = shlex.join(["pytest", f"--llmeval-budget-usd={amount}", *targets])
    return f"{text}; undone: {shown}; to run {'it' if n_tests == 1 else 'them'}: {command}"
