"""The exit status, and its reason in words.

The first that applies:
pytest's own 2, 3, 4, 5 · 6 no verdict possible · 1 a test failed or a metric regressed · 7 undecided under
``--llmeval-gate=strict`` · 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.gate.floors import floor_sentence
from pytest_llmeval.records import Verdict

if TYPE_CHECKING:
    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.records import Session, Spend

NO_VERDICT = 6
UNDECIDED = 7

USAGE_ERROR = 4

_PYTESTS_OWN = {
    2: "the run was interrupted",
    3: "pytest met an internal error",
    USAGE_ERROR: "pytest was not used as it must be",
    5: "no tests were collected",
}


class Decision(NamedTuple):
    """An exit status, and the line that says why."""

    status: int
    line: str


def decide(settings: Settings, record: Session, *, status: int, n_failed: int, base_fault: str = "") -> Decision:
    """Choose the exit status of a session.

    Args:
        settings: what it was asked to do.
        record: the session, judged.
        status: what pytest would exit with.
        n_failed: tests that failed, those of others included.
        base_fault: why a fork's base commit could not be read; empty where it could.
    """
    own = pytests_own(status)
    if own is not None:
        return own
    if base_fault and (record.results or record.lost):
        return because(USAGE_ERROR, " ".join(base_fault.split()))
    invalid = invalid_reasons(settings, record)
    if invalid:
        return because(NO_VERDICT, "no verdict is possible: " + "; ".join(invalid))
    bad = _bad_reason(record, n_failed if status else 0)
    if bad:
        return because(max(status, 1), bad)
    verdict = record.verdict.verdict if record.verdict else None
    if verdict is Verdict.UNDECIDED and settings.gate == "strict":
        return because(UNDECIDED, "undecided, and the gate is strict")
    return because(0, "nothing failed" if verdict is None else "the gate is open")


def pytests_own(status: int) -> Decision | None:
    """Return the decision where pytest has made it: interrupted, internal error, wrong usage, no tests."""
    return because(status, _PYTESTS_OWN[status]) if status in _PYTESTS_OWN else None


def _bad_reason(record: Session, n_failed: int) -> str:
    """Say what is worse than it may be; empty where nothing is."""
    if record.verdict is not None and record.verdict.verdict is Verdict.REGRESSED:
        return "a metric regressed"
    below = [floor_sentence(breach, record.summaries) for breach in record.floors]
    if below:
        return below[0] + (f", and {len(below) - 1} more" if len(below) > 1 else "")
    return f"{n_failed} test{'s' * (n_failed != 1)} failed" if n_failed else ""


def invalid_reasons(settings: Settings, record: Session) -> list[str]:
    """Say why the session can carry no verdict; empty where it can."""
    reasons = []
    if record.spend is not None and record.spend.n_refused:
        reasons.append(_left_undone(record.spend))
    if record.lost:
        reasons.append(f"{len(record.lost)} planned test{'s' * (len(record.lost) != 1)} brought no result")
    scored, expected = record.coverage
    if expected and scored < settings.min_coverage * expected:
        reasons.append(f"{scored} of {expected} checks are scored, and llmeval_min_coverage is {settings.min_coverage}")
    reasons += [floor_sentence(breach, record.summaries) for breach in record.floors if breach.mean is None]
    if settings.gate == "off":
        return reasons
    if record.stopped:
        reasons.append(f"the run was cut short ({record.stopped})")
    if record.selection:
        reasons.append(f"only a selection was run ({record.selection})")
    if record.verdict is not None:
        reasons.extend(record.verdict.invalid)
    return reasons


def _left_undone(spend: Spend) -> str:
    n_tests, n_calls = len(spend.undone), spend.n_refused
    left = f"{n_tests} test{'s' * (n_tests != 1)}" if n_tests else f"{n_calls} call{'s' * (n_calls != 1)}"
    return f"the budget of ${spend.budget_usd:g} left {left} undone"


def unstored(decision: Decision, reason: str) -> Decision:
    """What could not be stored as it was asked never ends with 0."""
    return decision if decision.status else because(NO_VERDICT, reason)


def because(status: int, reason: str) -> Decision:
    """Say a status with its reason."""
    return Decision(int(status), f"exit status {status}: {reason}")
