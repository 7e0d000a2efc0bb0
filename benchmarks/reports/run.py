"""What does it take to store a session of 1,000 cases and 3 metrics, and to write every report of it?

    python -m tox run -e bench-reports [-- --cases N --repeats N]

Prints the least of some repeats, in seconds of wall time, imports included in the first row of each kind only. Exits
with 1 if the session file and the reports together take more than 2 s, or MLflow, of 10,000 scores and after its import
and the set-up of its store, more than 0.3 s.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval import gate
from pytest_llmeval.exports.kinds import FILES
from pytest_llmeval.exports.rows import ROWS
from pytest_llmeval.exports.tables import FORMATS
from pytest_llmeval.gather import past, session_file
from pytest_llmeval.records import (
    Baseline,
    CaseId,
    CaseResult,
    Check,
    Draw,
    Place,
    Plan,
    PlannedCase,
    Request,
    Response,
    Score,
    Session,
    Trial,
)

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S, MLFLOW_LIMIT_S = 2.0, 0.3
N_SCORES = 10_000  # of MLflow's limit
N_PAST = 14  # sessions whose means `pytest -v` draws
METRICS = ("relevance", "safety", "tone")
TEST = "tests/test_support.py::test_support"


def session_of(n_cases: int) -> Session:
    """Return a session that lies 0.2 below its baseline, with an answer of some 500 characters a case."""
    draw = random.Random(1)  # noqa: S311 - equal figures in each run
    answer = "An answer of some length, as models give them. " * 11
    results = tuple(sorted((_case(number, answer, draw) for number in range(n_cases)), key=lambda one: one.id))
    lines = gate.lines_of("now", results)
    baseline = Baseline(lines={line.id: replace(line, draws=tuple(map(_higher, line.draws))) for line in lines})
    return Session(
        id="20260131T120000Z-1f2e3d4c",
        started_at="2026-01-31T12:00:00+00:00",
        plan=Plan(cases={one.nodeid: PlannedCase(id=one.id, suite=one.suite) for one in results}),
        results=results,
        summaries=gate.summarise(lines),
        verdict=gate.decide(gate.compare_all(baseline, lines)),
        exit_status=1,
        exit_line="exit status 1: a metric regressed",
    )


def _higher(drawn: Draw) -> Draw:
    return Draw(min(1.0, drawn.score + 0.2), "then", f"then {drawn.origin}")


def _case(number: int, answer: str, draw: random.Random) -> CaseResult:
    messages = ({"role": "system", "content": "You are " * 60}, {"role": "user", "content": f"question {number}"})
    request = Request(model="openai/m", messages=messages, settings={"temperature": 0.2}, trial=0)
    call = Response(
        text=answer, request=request, n_input_tokens=100, n_output_tokens=50, key="k" * 64, origin=f"draw {number}"
    )
    checks = tuple(
        Check(
            score=Score(metric=metric, value=draw.random(), reason="the answer says 2 of 4 content words"),
            threshold=0.5,
            output=answer,
            origin=call.origin,
            place=Place("tests/test_support.py", 14, "assert_relevance(answer)"),
        )
        for metric in METRICS
    )
    trial = Trial(index=0, checks=checks, calls=(call,))
    case = CaseId(TEST, str(number))
    return CaseResult(nodeid=str(case), id=case, suite="support", trials=(trial,), outcome="failed")


def _least(work: Callable[[], object], n_repeats: int) -> float:
    taken = []
    for _ in range(n_repeats):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def main() -> int:
    """Print the tables; return 1 if the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    session = session_of(chosen.cases)
    total = 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stored = folder / "sessions" / f"{session.id}.jsonl"
        work = {"session file": (lambda: session_file.write(session, folder), stored)}
        for kind, file in FILES.items():
            target = folder / file.file
            work[kind] = (lambda file=file, target=target: file.write(session, target), target)
        print(f"{chosen.cases} cases x {len(METRICS)} metrics\n{'':20}{'seconds':>10}{'kB':>10}")
        for title, (write, path) in work.items():
            taken = _least(write, chosen.repeats)
            total += taken
            print(f"{title:20}{taken:10.3f}{path.stat().st_size / 1e3:10.0f}")
        print(f"{'all':20}{total:10.3f}{'':10}  at most {LIMIT_S:g}\n")
        print(f"{'read':20}{_least(lambda: session_file.read(stored), chosen.repeats):10.3f}")
        print(f"{'read its head':20}{_least(lambda: session_file.read_head(stored), chosen.repeats):10.3f}")
        for number in range(N_PAST):
            session_file.write(replace(session, id=f"20251231T{number:06}Z-1f2e3d4c", results=()), folder)
        bars = _least(lambda: past.before(folder, session, most=N_PAST, branch=""), chosen.repeats)
        print(f"{f'bars of {N_PAST} sessions':20}{bars:10.3f}")
        for kind, as_bytes in FORMATS.items():
            for rows, of in ROWS.items():
                taken = _least(lambda as_bytes=as_bytes, of=of: as_bytes(of(session)), chosen.repeats)
                print(f"{f'export {kind} {rows}':24}{taken:6.3f}")
        mlflow_s = _mlflow_s(folder, chosen.repeats)
        print(f"\n{f'mlflow, {N_SCORES:,} scores':24}{mlflow_s:6.3f}  at most {MLFLOW_LIMIT_S:g}")
    return int(total > LIMIT_S or mlflow_s > MLFLOW_LIMIT_S)


def _mlflow_s(folder: Path, n_repeats: int) -> float:
    """Return how long a run without traces takes: figures, parameters, verdict and the session file as an artifact."""
    from pytest_llmeval.exports.mlflow import record

    whole = session_of(-(-N_SCORES // len(METRICS)))
    numbers = iter(range(n_repeats + 1))

    def work() -> None:
        session = replace(whole, id=f"20260131T{next(numbers):06}Z-1f2e3d4c")
        record(session, uri=f"sqlite:///{folder / 'mlflow.db'}", artifacts=[stored])

    stored = session_file.write(whole, folder)
    work()  # imports, and makes the tables
    return _least(work, n_repeats)


if __name__ == "__main__":
    sys.exit(main())
