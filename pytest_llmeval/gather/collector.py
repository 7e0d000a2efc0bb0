"""The collector: in the controller, it takes what rides on the reports and proves the session complete.

In: JSON texts of plans and case results, from any number of workers in any order. Out: results in one fixed order, and
the names of the tests that were planned and brought none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeVar

from pytest_llmeval.gather import wire
from pytest_llmeval.gather.spool import Spool
from pytest_llmeval.records import CaseResult, Plan, PlannedCase, Request, Response, Trial, Variant

T = TypeVar("T")


class Collector:
    """All results of one session, one a test, whichever worker ran it.

    Args:
        clean: takes out of a result's text what may stand in no file and no report; returns it as it is where there is
            nothing.
    """

    def __init__(self, clean: Callable[[str], str] | None = None) -> None:
        self._clean = clean
        self._planned: dict[str, PlannedCase] = {}
        self._n_deselected = 0
        self._variants: tuple[Variant, ...] = ()
        self._results: dict[str, CaseResult] = {}
        self._texts = Spool()  # every request and answer of a session is much
        self._started: set[str] = set()

    def add_plan_text(self, text: str) -> None:
        """Take a worker's plan as it came; every worker collects the same tests, so the first would do."""
        self.add_plan(wire.decode_plan(text))

    def add_plan(self, plan: Plan) -> None:
        """Take a plan."""
        self._planned.update(plan.cases)
        self._n_deselected = max(self._n_deselected, plan.n_deselected)
        # Every worker collects the same tests, and so the same variants.
        self._variants = self._variants or plan.variants

    def add_start(self, nodeid: str) -> None:
        """Note that a test has begun."""
        self._started.add(sys.intern(nodeid))  # the plan's own text, and not ten thousand copies

    def add_result(self, text: str, result: CaseResult | None = None) -> CaseResult:
        """Take a case's result, and return it; a rerun replaces the result of the run before.

        Args:
            text: as it rode on the report.
            result: the same, where it was made in this process.
        """
        if self._clean is not None and (cleaned := self._clean(text)) != text:
            text, result = cleaned, None
        result = result or wire.decode(text)
        self._results[result.nodeid] = without_texts(result)
        self._started.discard(result.nodeid)  # that it has ended says more
        self._texts.put(result.nodeid, text)
        return result

    def text_of(self, nodeid: str) -> str:
        """Return a result as it rode on its report, with every request and answer."""
        return self._texts.get(nodeid)

    def result(self, nodeid: str) -> CaseResult | None:
        """Return the result of a test, without the texts of requests and answers; None where there is none yet."""
        return self._results.get(nodeid)

    @property
    def is_empty(self) -> bool:
        """Whether no LLM test was planned or run."""
        return not self._planned and not self._results

    @property
    def n_planned(self) -> int:
        """How many cases are known to be planned, while more may come; from any thread."""
        return len(self._planned)

    @property
    def n_deselected(self) -> int:
        """How many LLM tests the user left out."""
        return self._n_deselected

    def plan(self) -> Plan:
        """Return what was to be run, tests that showed themselves only while running included."""
        late = {
            nodeid: PlannedCase(id=result.id, suite=result.suite, n_trials=result.n_planned, arm=result.arm)
            for nodeid, result in self._results.items()
            if nodeid not in self._planned
        }
        cases = {**late, **self._planned} if late else self._planned
        return Plan(
            cases={nodeid: cases[nodeid] for nodeid in sorted(cases)},
            n_deselected=self._n_deselected,
            variants=self._variants,
        )

    def results(self) -> tuple[CaseResult, ...]:
        """Return the results, sorted by case; without the texts of requests and answers, which ``text_of`` has.

        From any thread: while more come in, those that are there.
        """
        return tuple(sorted(self._results.values(), key=lambda result: (result.id, result.nodeid)))

    def lost(self, *, was_stopped: bool, dropped: Iterable[str] = ()) -> tuple[str, ...]:
        """Name the tests that should have brought a result and did not.

        Args:
            was_stopped: the session was ended on purpose (-x, Ctrl-C), so a test that never began is not lost.
            dropped: tests that had run when it stopped, and were given up on purpose as well.
        """
        expected = (self._started if was_stopped else self._started | self._planned.keys()).difference(dropped)
        return tuple(sorted(nodeid for nodeid in expected if nodeid not in self._results))


def without_texts(result: CaseResult) -> CaseResult:
    """Return a result whose calls hold what is counted of them, and not what was asked and said."""
    light = tuple(map(_light, result.trials))
    return _changed(result, trials=light, missed=()) if result.missed else _changed(result, trials=light)


def _light(trial: Trial) -> Trial:
    if not (trial.calls or trial.judge_calls):
        return trial
    return _changed(trial, calls=tuple(map(_counted, trial.calls)), judge_calls=tuple(map(_counted, trial.judge_calls)))


def _counted(call: Response) -> Response:
    asked = call.request
    return _changed(call, text="", request=_asked(asked.model, asked.trial), model="", key="")


def _changed(record: T, **fields: object) -> T:
    """Return a copy of a frozen record with other fields, as ``replace`` does, past its ``__init__``: every result."""
    copy, put = object.__new__(type(record)), object.__setattr__
    # Not into its __dict__: a record that never had one is a quarter smaller, and there are four of them a test.
    for name, value in vars(record).items():
        put(copy, name, fields.get(name, value))
    return copy


@lru_cache(maxsize=256)
def _asked(model: str, trial: int | None) -> Request:
    return Request(model=model, messages=(), trial=trial)
