"""The recorder: in the worker, in the test's own thread, it keeps what one case's trials call and check.

In: responses of the ``llm`` fixture, checks of ``assert_*``, both perhaps still on their way. Out: once all of them
have landed, a CaseResult, which rides on the test's report.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pytest_llmeval.gather import trace
from pytest_llmeval.gather.desk import Desk
from pytest_llmeval.gather.over_trials import OverTrials, Share
from pytest_llmeval.gather.settling import Fault, are_pending, settled
from pytest_llmeval.records import (
    Case,
    CaseId,
    CaseResult,
    Check,
    Coming,
    PendingCheck,
    Place,
    Request,
    Response,
    Score,
    Tally,
    Trial,
    coming_of,
    land,
    leaves,
    tally,
)

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path
    from types import CodeType

    from pytest_llmeval.gather.trace import Trace

_MOST_MISSED = 20  # of one case; a loop that goes on after each would make the session's file endless


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
        desk: what a user's metric may use.
        arm: the variant that answers; empty where there is one only.
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
        desk: Desk,
        arm: str = "",
    ) -> None:
        self.nodeid = nodeid
        self.id = id
        self.case = case
        self.suite = suite
        self.arm = arm
        self.n_trials = n_trials
        self.input_hash = input_hash
        self.is_eager = is_eager
        self.root = root
        self.desk = desk
        self._test_code = test_code
        self._lock = threading.Lock()
        self._forget()
        self.start_trial(0)

    def _forget(self) -> None:
        self.is_judged = False
        # Trials that stand for the case whatever becomes of those that it is drawn again for.
        self.n_kept = 0
        # Whether, and what, it asked for that is not recorded, where none may be asked for.
        self.has_miss, self._missed = False, list[Request]()
        # When the last of what was on its way was there, on time.perf_counter.
        self.landed_s = 0.0
        self.fault: Fault | None = None
        self._traces: dict[tuple[str, int], Trace] = {}
        self._trials: dict[int, Trial] = {}
        self._over_trials: dict[tuple[str, int], OverTrials] = {}
        self._landed: tuple[Check, ...] = ()
        self._tallies: tuple[Tally, ...] | None = None
        self._coming: list[Coming] = []
        self._judge_calls: dict[int, list[Response]] = {}

    # -- one trial ------------------------------------------------------------------------------------------------

    def start_trial(self, index: int) -> None:
        """Begin a trial; the first one forgets all that was kept before it: another plug-in reruns the test."""
        if index == 0:
            self._forget()
        self.trial = index
        self.is_open = True
        self._checks: list[Check] = []
        self._calls: list[Response] = []
        self._own_calls: dict[int, Response] = {}
        # A metric may go on after its trial's end: who asks on its behalf holds the list of that trial.
        self.judge_calls = self._judge_calls.setdefault(index, [])
        self._unfinished: list[Check] = []
        self._seen: dict[str, int] = {}
        self._started = time.perf_counter()

    def end_trial(self, *, error: str = "", is_unscored: bool = False) -> None:
        """Close the running trial; ``error`` says why it ended before its end."""
        self.is_open = False
        self._trials[self.trial] = Trial(
            index=self.trial,
            checks=tuple(self._checks),
            calls=(*self._calls, *self.own_calls),
            judge_calls=tuple(self.judge_calls),
            error=error,
            is_unscored=is_unscored,
            duration_s=time.perf_counter() - self._started,
        )

    def extend(self, n_trials: int) -> None:
        """Go on to more trials in all; those that have landed stand for the case, whatever becomes of the others."""
        self.n_kept, self.n_trials = len(self._trials), n_trials

    def cut_back(self) -> None:
        """Let the trials that stand for the case be all it has: the one it was drawn again for has come to no end."""
        self.n_trials = self.n_kept
        self.trial = self.n_kept - 1
        self.is_open = self.has_miss = False
        self._missed.clear()
        self._trials = {index: trial for index, trial in self._trials.items() if index < self.n_kept}
        self.abandon()

    def add_call(self, response: Response) -> None:
        """Keep a response of the code under test."""
        self._calls.append(response)
        self._expect(response)

    def add_own_call(self, place: int, response: Response) -> None:
        """Keep a response that the application's own client was given, at its place in the order of the calls."""
        self._own_calls[place] = response

    @property
    def own_calls(self) -> tuple[Response, ...]:
        """The responses that the application was given by its own client in the running trial, as it asked."""
        return tuple(response for _, response in sorted(self._own_calls.items()))

    def add_miss(self, request: Request) -> None:
        """Remember that an answer was asked for that is not recorded, whoever catches the error."""
        self.has_miss = True
        if len(self._missed) < _MOST_MISSED:
            self._missed.append(request)

    def number(self, metric: str) -> tuple[int, Place]:
        """Give a check its number among its equals, and remember the user's line.

        One count for both kinds: a case-level check never takes the id of a plain one.
        """
        steps = trace.capture(self._test_code)
        with self._lock:
            nth = self._seen.get(metric, 0)
            self._seen[metric] = nth + 1
        self._traces[metric, nth] = steps
        return nth, trace.place(steps, self.root)

    def add(self, check: Check, *, finish_in_body: bool = False) -> Check:
        """Keep a check of the running trial that has its number.

        Args:
            check: measured, or on its way.
            finish_in_body: it is measured in the test's own thread, before the test's teardown.
        """
        self._checks.append(check)
        self._expect(check)
        if finish_in_body:
            self._unfinished.append(check)
        return check

    def add_over_trials(
        self, check: Check, read: Callable[[], Share], measure: Callable[[Sequence[str]], Score]
    ) -> None:
        """Keep one trial's share in a case-level check; read and measured after the last trial."""
        metric = check.score.metric
        nth, place = self.number(metric)
        shares = self._over_trials.setdefault((metric, nth), OverTrials(measure, replace(check, nth=nth, place=place)))
        shares.reads[self.trial] = read

    @property
    def calls(self) -> tuple[Response, ...]:
        """The responses of the running trial so far.

        Those of the application's own client stand in an order that is the same in each run, whichever of its threads
        was the first: the origin of what it makes of them hangs on it.
        """
        return (*self._calls, *sorted(self._own_calls.values(), key=attrgetter("key", "origin")))

    def trace_of(self, metric: str, nth: int) -> Trace:
        """The user's frames that made a check."""
        return self._traces.get((metric, nth), ())

    # -- what is on its way ---------------------------------------------------------------------------------------

    def _expect(self, record: Response | Check) -> None:
        coming = coming_of(record)
        if coming is not None:
            self._coming.append(coming)
            for future in leaves([coming]):
                future.add_done_callback(self._note_arrival)

    def _note_arrival(self, _: object) -> None:
        self.landed_s = time.perf_counter()

    @property
    def coming(self) -> list[Future[Any]]:
        """What has to be waited for before the case can be judged; of all trials so far."""
        return leaves(self._coming) if self._coming else []

    def finish_body(self) -> None:
        """Measure what is to be measured in the test's own thread; waits for the answers that it needs."""
        for check in self._unfinished:
            with suppress(Exception):  # kept with the check, and raised when the case is judged
                land(check)

    def settle(self) -> None:
        """Once nothing is on its way any more: keep what has landed, and note what went wrong."""
        self._tallies = None
        if not self._coming and not are_pending(self._judge_calls.values()):
            return
        self._coming = []
        for index, trial in self._trials.items():
            self._trials[index], fault = settled(replace(trial, judge_calls=tuple(self._judge_calls[index])))
            self.fault = self.fault or fault

    def abandon(self) -> None:
        """Drop what is still on its way, and the checks of it: the test skipped itself."""
        self._coming = []
        self._checks = [check for check in self._checks if not isinstance(check, PendingCheck)]
        self._calls = [call for call in self._calls if coming_of(call) is None]
        kept = {id_: shares.first(self.n_kept) for id_, shares in self._over_trials.items()}
        self._over_trials = {id_: shares for id_, shares in kept.items() if shares.reads}

    # -- the whole case -------------------------------------------------------------------------------------------

    def land_over_trials(self) -> tuple[Check, ...]:
        """Measure the case-level checks; called once, after the last trial, when nothing is on its way."""
        self._landed = tuple(share.landed() for share in self._over_trials.values())
        self._tallies = None
        return self._landed

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The closed trials in order."""
        return tuple(self._trials.values())

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """The case's checks over all its trials; asked for several times once nothing changes any more."""
        if self._tallies is None or not self.is_judged:
            self._tallies = tally(*self.id, self.trials, self._landed, arm=self.arm)
        return self._tallies

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
            has_miss=self.has_miss,
            arm=self.arm,
            missed=tuple(self._missed),
        )
