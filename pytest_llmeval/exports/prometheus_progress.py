"""A session that still runs → gauges of how far it is, and the same ones of its end, which take their place.

They have names of their own: what alerts and dashboards say of the last session stays true until there is a new one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports import usage
from pytest_llmeval.records import Provenance, Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Sample(NamedTuple):
    """One gauge's value under its labels, which are without the branch."""

    name: str
    value: float
    labels: Mapping[str, str]


def at_end(session: Session) -> Iterator[Sample]:
    """Yield the gauges of a session that has ended."""
    ended_s = usage.started_s(session) + session.duration_s
    return samples(session, n_planned=len(session.plan.cases), at_s=ended_s, is_running=False)


def samples(session: Session, *, n_planned: int, at_s: float, is_running: bool) -> Iterator[Sample]:
    """Yield how far a session is.

    Args:
        session: its results so far; nothing else of it is looked at.
        n_planned: cases that were planned.
        at_s: when this is said, in seconds since 1970.
        is_running: whether more is to come.
    """
    yield Sample("llmeval_session_running", is_running, {})
    yield Sample("llmeval_progress_timestamp_seconds", at_s, {})
    yield Sample("llmeval_progress_cases", n_planned, {"outcome": "planned"})
    yield Sample("llmeval_progress_cases", len(session.results), {"outcome": "landed"})
    n_scored, n_expected = session.coverage
    yield Sample("llmeval_progress_checks", n_scored, {"outcome": "scored"})
    yield Sample("llmeval_progress_checks", n_expected - n_scored, {"outcome": "unscored"})
    answers = usage.responses(session)
    count = Counter(answer.provenance for answer in answers)
    for kind in Provenance:
        yield Sample("llmeval_progress_responses", count[kind], {"outcome": kind})
    bought = usage.measure(usage.asked(answers))
    if bought.cost_usd is not None:
        yield Sample("llmeval_progress_cost_usd", bought.cost_usd, {})
