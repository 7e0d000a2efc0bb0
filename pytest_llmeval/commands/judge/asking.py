"""Answers that stand in a file, scored by a metric: pytest runs a test of them that is written for the purpose.

So they are scored as a suite's are: by the metrics of ``conftest.py``, the judge of the settings, from the same cache,
within the same budget. The session is kept apart; the newest one stays the user's own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from pytest_llmeval.commands.running import run_pytest
from pytest_llmeval.errors import UsageError
from pytest_llmeval.options import SESSIONS
from pytest_llmeval.options.table import NO_SERVERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.commands.judge.arguments import Asked
    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.commands.running import Ran
    from pytest_llmeval.records import Check, Json, Session

KEPT_IN = "judge"

_MODULE = '''\
"""Written by `llmeval judge`, and deleted after it."""

import pytest
import {module} as asked


# A score below its threshold is a finding here, and no failure.
@pytest.mark.xfail(raises=AssertionError, strict=False)
@pytest.mark.llmeval(cases="answers.jsonl", trials=1)
def test_answers(llm_case):
    case, field = llm_case, llm_case.data.get
    output = field("llmeval_output")
    asked.{call}
'''

_APART = {
    # Grades stay in the working cache: nothing of this is a suite's recording.
    "LLMEVAL_RECORDINGS": "",
    "LLMEVAL_VARIANTS": "",
    "LLMEVAL_FAIL_UNDER": "",
    "LLMEVAL_INTERCEPT": "false",
    "LLMEVAL_EAGER": "false",
}
_OPTIONS = (
    *("-q", "-x", "--tb=short", "--no-header", "-rN", "-o", "python_functions=test_answers", "-p", "no:cacheprovider"),
    *("--llmeval-gate=off", "--llmeval-baseline-update=", "--llmeval-model=", "--llmeval-trials=1", *NO_SERVERS),
)


def scored(found: Project, asked: Asked, answers: Sequence[Mapping[str, Json]], options: Sequence[str]) -> list[Check]:
    """Score answers by a metric, and return a check of each in their order.

    Args:
        found: the project.
        asked: the metric.
        answers: each with ``output``; and ``input``, ``expected``, ``context`` and any other field of a case.
        options: of pytest.

    Raises:
        UsageError: pytest could not run it; its own output says why.
        StoreError: the session cannot be read.
    """
    judge = [f"--llmeval-judge={asked.judge}"] if asked.judge else []
    text = _MODULE.format(call=asked.call, module=asked.module)
    rows = [_case(str(place), answer) for place, answer in enumerate(answers)]
    status, session = run_apart(found, KEPT_IN, text, rows, [*judge, *options])
    if session is None:
        raise UsageError(
            f"the answers could not be scored by {asked.metric!r}",
            found=f"pytest ended with exit status {status}",
            hint="see its output above",
        )
    return _in_order(asked, session, status, len(answers))


def run_apart(
    found: Project,
    kept_in: str,
    module: str,
    rows: Sequence[Mapping[str, Json]],
    options: Sequence[str],
    output: TextIO | None = None,
) -> Ran:
    """Let pytest run a test that is written for the purpose, with the user's settings and conftest.py.

    Args:
        found: the project.
        kept_in: the folder of the test and of its session, below that of the sessions; what else is there stays.
        module: text of the test module, whose one test is ``test_answers``, of the cases in ``answers.jsonl``.
        rows: those cases.
        options: of pytest.
        output: where pytest prints; None: where this process does.

    Raises:
        StoreError: the session cannot be read.
    """
    folder = found.folder / kept_in
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, cases = folder / "test_llmeval_answers.py", folder / "answers.jsonl"
    # What is said of these scores is said by the command.
    report = f"--llmeval-report=json:{folder / 'report.json'}"
    told = [str(path.relative_to(found.root)), *_conftests(found), *_OPTIONS, report, *options]
    try:
        path.write_text(module, encoding="utf-8")
        cases.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
        apart = {SESSIONS: str(folder), **_APART}
        return run_pytest(found, told, written=folder / "session.jsonl", environment=apart, output=output)
    finally:
        # The labels hold these texts, or a session; nobody expects a third copy.
        for one in (path, cases):
            one.unlink(missing_ok=True)


def _conftests(found: Project) -> list[str]:
    """Return folders whose conftest.py pytest is to load, as when it runs the suite, and no test of theirs."""
    said = found.values.get("testpaths", "")
    names = said.split() if isinstance(said, str) else [str(name) for name in said] if isinstance(said, list) else []
    folders = [found.root / name for name in names] or sorted(found.root.glob("test*/"))
    named = [str(folder.relative_to(found.root)) for folder in folders if (folder / "conftest.py").is_file()]
    return [*named, "--ignore-glob=*"] if named else []


def _in_order(asked: Asked, session: Session, status: int, n_answers: int) -> list[Check]:
    checks = {
        result.id.case: check
        for result in session.results
        for check in (*(check for trial in result.trials for check in trial.checks), *result.checks)
    }
    missing = [place for place in range(n_answers) if str(place) not in checks]
    if missing:
        raise UsageError(
            f"{len(missing)} of {n_answers} answers could not be scored by {asked.metric!r}",
            found=f"pytest ended with exit status {status}",
            hint="see its output above",
        )
    return [checks[str(place)] for place in range(n_answers)]


def _case(name: str, answer: Mapping[str, Json]) -> dict[str, Json]:
    # With "expected" the row is ours, whatever else stands in it.
    known = {"id": name, "input": None, "expected": None}
    rest = {field: value for field, value in answer.items() if field not in ("output", "id", "tags")}
    return {**known, **rest, "llmeval_output": answer["output"]}
