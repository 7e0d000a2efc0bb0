"""The runs that a check of the gate makes: this suite on this commit, every answer asked for anew."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmeval.commands.running import run_pytest
from pytest_llmeval.errors import StoreError, UsageError
from pytest_llmeval.options import FOLDER
from pytest_llmeval.options.table import NO_EXPORTS
from pytest_llmeval.store import baselines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.commands.gate.faults import Fault
    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Session

_TRIALS = "--llmeval-trials"
_KEPT_IN = "gate-check"
# A run is of this commit and nothing but the suite: no base version is run or compared with, no floor, no plan.
_FORGOTTEN: Mapping[str, str | None] = dict.fromkeys(
    [
        *("LLMEVAL_CONFIRM", "LLMEVAL_FAIL_UNDER", "LLMEVAL_FORK", "LLMEVAL_PLAN"),
        *("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
    ]
)
# Said last, so that they win. In live mode nothing is replayed, and nothing is stored: no recording is touched.
_LAST = (
    *("--maxfail=0", "--llmeval-gate=off", "--llmeval-baseline-update=", "--llmeval-cache=live"),
    *NO_EXPORTS,
)


def refuse_auto(found: Project, typed: Sequence[str]) -> None:
    """Refuse trials that depend on what was drawn, before anything is bought.

    Raises:
        UsageError: the number of trials is not fixed, so that two runs are no pair.
    """
    flags = [word.partition("=")[2] or after for word, after in pairwise([*typed, ""]) if word.startswith(_TRIALS)]
    # As the plug-in weighs them: the last flag, the environment, the ini.
    said = [*reversed(flags), os.environ.get("LLMEVAL_TRIALS"), found.values.get("llmeval_trials")]
    if next(filter(None, said), "") == "auto":
        raise UsageError("trials=auto draws again what looks bad, so two runs are no pair", hint="say --trials 5")


def run_unchanged(found: Project, typed: Sequence[str]) -> Session:
    """Run the suite as it is.

    Args:
        found: the project.
        typed: arguments of pytest.

    Raises:
        BaselineError: the run is partial, so that nothing can be compared with it.
        StoreError: it left no session.
    """
    session = _run(found, typed, {})
    baselines.refuse_partial(session)
    return session


def run_with_fault(found: Project, typed: Sequence[str], fault: Fault) -> Session:
    """Run the suite with a fault in it; what it brings may be less than whole, since that is what a fault does.

    Raises:
        StoreError: it left no session at all.
    """
    return _run(found, [*typed, *fault.arguments], fault.environment, name=fault.name)


def _run(found: Project, typed: Sequence[str], environment: Mapping[str, str], name: str = "") -> Session:
    folder = found.folder / _KEPT_IN
    ran = run_pytest(
        found,
        [*typed, *_LAST],
        written=folder / "session.jsonl",
        environment={**_FORGOTTEN, FOLDER: str(folder), **environment},
    )
    if ran.session is None:
        raise StoreError(
            f"the run with the fault {name!r} left no session" if name else "the run of the suite left no session",
            found=f"pytest ended with exit status {ran.status}; no report is stored",
            hint="see its output above",
        )
    return ran.session
