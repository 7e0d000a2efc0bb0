"""What a run would do if it were started now: `--llmeval-plan`.

Not among the names of the package ``records``: no ordinary run of pytest needs it.
"""

from __future__ import annotations

from pytest_llmeval.records.frozen import dataclass
from pytest_llmeval.records.score import CaseId


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The calls of a run, counted before it starts.

    Args:
        n_tests: LLM test functions; one with several cases or parameters counts once.
        trials: of each case that would run, in the order of the tests.
        n_replayed: calls whose answer is stored.
        n_live: calls that a provider would be asked.
        n_guessed: those of the live calls that belong to trials which never ran, counted as the mean of their case's.
        n_missing: calls that are not stored and may not be asked, in replay mode; their tests would fail.
        cost_usd: of the live calls whose price is known, in US dollars; 0.0 where there is none.
        n_unpriced: live calls whose price is not known.
        latency_s: seconds that the live calls would take one after the other.
        unknown: cases that never ran here, so that nothing is known of their calls.
        sessions: ids of the sessions that told the calls, the newest first.
    """

    n_tests: int = 0
    trials: tuple[int, ...] = ()
    n_replayed: int = 0
    n_live: int = 0
    n_guessed: int = 0
    n_missing: int = 0
    cost_usd: float = 0.0
    n_unpriced: int = 0
    latency_s: float = 0.0
    unknown: tuple[CaseId, ...] = ()
    sessions: tuple[str, ...] = ()
