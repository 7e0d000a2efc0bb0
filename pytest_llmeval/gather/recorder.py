"""The recorder: in the worker, in the test's own thread, it keeps what one case's trials call and check.

In: responses of the ``llm`` fixture, checks of ``assert_*``. Out: a CaseResult, which rides on the test's report.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_llmeval.gather import trace
from pytest_llmeval.records import Case, CaseId, CaseResult, Check, CheckId, Response, Score, Trial, digest

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

    from pytest_llmeval.gather.trace import Trace

HEAD_LENGTH = 1000


@dataclass
class _OverTrials:
    """A case-level check on its way: what each trial gave, and how to measure them together."""

    measure: Callable[[Sequence[str]], Score]
    check: Check
    outputs: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)


class Recorder:
    """Everything one case's trials leave behind.

    Args:
        nodeid: pytest's id of the item.
        id: the case's own id.
        case: the case itself, for the defaults of ``question=`` and ``source=``; None without ``cases=``.
        suite: the group it belongs to.
        n_trials: trials that are planned.
        input_hash: digest of the case's own input.
        is_eager: a failing check raises on the spot.
        root: rootdir, for paths in places.
        test_code: code of the test function, where the user's traceback begins.
    """

    def __init__(  # noqa: PLR0913 - what is known of a case, each from another place
        self,
        *,
        nodeid: str,
        id: CaseId,  # noqa: A002 - the record's own word
        case: Case | None,
        suite: str,
        n_trials: int,
        input_hash: str,
        is_eager: bool,
        root: Path,
        test_code: CodeType | None,
    ) -> None:
        self.nodeid = nodeid
        self.id = id
        self.case = case
        self.suite = suite
        self.n_trials = n_trials
        self.input_hash = input_hash
        self.is_eager = is_eager
        self.root = root
        self._test_code = test_code
        self._lock = threading.Lock()
        self._traces: dict[CheckId, Trace] = {}
        self._trials: dict[int, Trial] = {}
        self._over_trials: dict[CheckId, _OverTrials] = {}
        self._landed: tuple[Check, ...] = ()
        self.start_trial(0)

    # -- one trial ------------------------------------------------------------------------------------------------

    def start_trial(self, index: int) -> None:
        """Begin a trial; the first one forgets all that was kept before it: another plug-in reruns the test."""
        if index == 0:
            self._over_trials.clear()
            self._trials.clear()
            self._landed = ()
        self.trial = index
        self.is_open = True
        self._checks: list[Check] = []
        self._calls: list[Response] = []
        self._seen: dict[str, int] = {}
        self._started = time.perf_counter()

    def end_trial(self, *, error: str = "", is_unscored: bool = False) -> None:
        """Close the running trial; ``error`` says why it ended before its end."""
        self.is_open = False
        self._trials[self.trial] = Trial(
            index=self.trial,
            checks=tuple(self._checks),
            calls=tuple(self._calls),
            error=error,
            is_unscored=is_unscored,
            duration_s=time.perf_counter() - self._started,
        )

    def add_call(self, response: Response) -> None:
        """Keep a response of the code under test."""
        self._calls.append(response)

    def add(self, check: Check) -> Check:
        """Keep a check of the running trial, with its number among its equals and the user's line."""
        steps = trace.capture(self._test_code)
        check = self._numbered(check, steps)
        self._checks.append(check)
        return check

    def add_over_trials(self, check: Check, output: str | None, measure: Callable[[Sequence[str]], Score]) -> None:
        """Keep one trial's share in a case-level check, None where it has none; measured after the last trial."""
        check = self._numbered(check, trace.capture(self._test_code))
        share = self._over_trials.setdefault(self.check_id(check), _OverTrials(measure, check))
        if output is not None:
            share.outputs.append(output)
            share.origins.append(check.origin)

    def _numbered(self, check: Check, steps: Trace) -> Check:
        # One count for both kinds: a case-level check never takes the id of a plain one.
        metric = check.score.metric
        with self._lock:
            nth = self._seen.get(metric, 0)
            self._seen[metric] = nth + 1
        numbered = replace(check, nth=nth, place=trace.place(steps, self.root))
        self._traces[self.check_id(numbered)] = steps
        return numbered

    def origin_of(self, text: str) -> str:
        """Identity of a text of the user's own function: of itself, and of the draws this trial made so far.

        Empty where the trial called nobody through us: then nobody knows whether the text was drawn anew.
        """
        origins = [call.origin for call in self._calls]
        return digest([text, *origins])[:16] if origins and all(origins) else ""

    def check_id(self, check: Check) -> CheckId:
        """The id of a check of this case."""
        return CheckId(self.id.test, self.id.case, check.score.metric, check.nth)

    def trace_of(self, check: Check) -> Trace:
        """The user's frames that made this check."""
        return self._traces.get(self.check_id(check), ())

    # -- the whole case -------------------------------------------------------------------------------------------

    def land_over_trials(self) -> tuple[Check, ...]:
        """Measure the case-level checks; called once, after the last trial."""
        landed = []
        for share in self._over_trials.values():
            known = share.origins if all(share.origins) else []
            landed.append(
                replace(
                    share.check,
                    score=share.measure(share.outputs),
                    origin=digest(sorted(known))[:16] if known else "",
                    n_trials=len(share.outputs),
                )
            )
        self._landed = tuple(landed)
        return self._landed

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The closed trials in order."""
        return tuple(self._trials[index] for index in sorted(self._trials))

    @property
    def case_checks(self) -> tuple[Check, ...]:
        """The case-level checks, once they have landed."""
        return self._landed

    @property
    def is_empty(self) -> bool:
        """Whether the test has neither called nor checked anything."""
        return not (self._calls or self._checks or self._over_trials or any(t.checks or t.calls for t in self.trials))

    def result(self, outcome: str) -> CaseResult:
        """Return the case as it rides on the report; ``outcome`` is pytest's word."""
        return CaseResult(
            nodeid=self.nodeid,
            id=self.id,
            suite=self.suite,
            input_hash=self.input_hash,
            tags=self.case.tags if self.case else (),
            n_planned=self.n_trials,
            trials=self.trials,
            checks=self._landed,
            outcome=outcome,
        )
