"""``llmeval cache refresh --drift``: ask everything again on purpose, and say what became of the answers."""

from __future__ import annotations

import argparse
import shutil
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.cache import arguments as args
from pytest_llmeval.commands.cache.drift_report import say_drift
from pytest_llmeval.commands.cache.drifted import drifted
from pytest_llmeval.commands.cache.opening import opened
from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.commands.running import run_pytest
from pytest_llmeval.errors import StoreError, UsageError
from pytest_llmeval.exports.wording import count
from pytest_llmeval.gather import session_file
from pytest_llmeval.options import FOLDER
from pytest_llmeval.options.table import NO_EXPORTS
from pytest_llmeval.store import named_recordings
from pytest_llmeval.store.recordings import Recordings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmeval.records import Session

_REFRESH = """\
Ask everything again, and report what drifted. --drift runs pytest twice: on what is stored, without a call, so that old
and new answers are scored by the same code; then live, into a draft of its own (.llmeval/drift). It prints what became
of each score, fingerprint and answer. Recordings and working cache stay as they are.

--accept then puts the draft into recordings and working cache: old lines stay, the newest counts from then on.
--discard throws it away. A draft that was broken off is continued, not bought again.

The exit status is 0 where no drift shows, 1 where scores moved by more than chance explains, 4 where nothing could be
compared."""

_EXAMPLES = """\
examples:
  llmeval cache refresh --drift
  llmeval cache refresh --drift -- -n 4 tests/test_support.py
  llmeval cache refresh --accept"""

_RAN = (0, 1, 6)  # 1: a check below its threshold; 6: some answers are missing, and the report says which
_DRIFTED = 1
# Neither run is one of the project's: no verdict, no baseline, nothing in a tracker or a metrics file.
_OFF = ("--llmeval-gate=off", "--llmeval-baseline-update=", *NO_EXPORTS)


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(
        group, "refresh", help="ask again, and say what drifted", description=_REFRESH, run=refresh, epilog=_EXAMPLES
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--drift", action="store_true", help="ask everything again into a draft, and compare")
    what.add_argument("--accept", action="store_true", help="make the draft what is replayed from now on")
    what.add_argument("--discard", action="store_true", help="throw the draft away")
    parser.add_argument("--all", action="store_true", help="print every answer that changed, not the first five")
    parser.add_argument("arguments", nargs="*", metavar="-- ARGUMENT", help="of pytest")


def refresh(arguments: argparse.Namespace) -> int | None:
    """Draw and compare, accept, or discard."""
    found = project.find(arguments.rootdir)
    draft = found.folder / "drift"
    if arguments.accept:
        _accept(found, draft)
        return None
    if arguments.discard:
        _whole(draft)
        shutil.rmtree(draft)
        say(f"{shown(draft)} is gone; what was stored before is replayed as before")
        return None
    _refuse_unaccepted(draft)
    old, new = _draw(found, draft, arguments.arguments)
    report = drifted(old, new)
    say_drift(report, is_whole=arguments.all)
    say("", f"the new answers are a draft in {shown(draft)}: llmeval cache refresh --accept, or --discard")
    return _DRIFTED if report.has_drifted else None


def _draw(found: project.Project, draft: Path, options: Sequence[str]) -> tuple[Session, Session]:
    """Score what is stored, then what is drawn anew; return both sessions."""
    say("1 of 2: what is stored, without a call")
    status, old = run_pytest(found, [*_OFF, *options, "--llmeval-cache=replay"], written=found.session_file(None))
    if old is None or status not in _RAN:
        raise StoreError(
            "what is stored could not be scored, so there is nothing to compare with",
            found=f"pytest ended with exit status {status}",
            hint="see its output above",
        )
    say("2 of 2: everything anew")
    # auto, into a cache that is empty at first: what was drawn before a draft was broken off is not bought again.
    environment = {FOLDER: str(draft), "LLMEVAL_RECORDINGS": ""}
    told = [*_OFF, *options, "--llmeval-cache=auto"]
    status, new = run_pytest(found, told, written=draft / "session.jsonl", environment=environment)
    if new is None or status not in _RAN:
        raise StoreError(
            "the new answers are not all there",
            found=f"pytest ended with exit status {status}",
            hint="run the same command again: what was drawn is kept in the draft and not bought again",
        )
    return old, new


def _whole(draft: Path) -> Session | None:
    """Return the session of a draft that is whole, None for one that was broken off.

    Raises:
        UsageError: there is no draft.
    """
    if not draft.is_dir():
        raise UsageError(f"there is no draft in {shown(draft)}", hint="llmeval cache refresh --drift makes one")
    path = draft / "session.jsonl"
    session = session_file.read(path) if path.exists() else None
    return session if session is not None and not (session.stopped or session.lost) else None


def _refuse_unaccepted(draft: Path) -> None:
    if draft.is_dir() and _whole(draft) is not None:
        raise UsageError(
            f"a draft stands in {shown(draft)}, and was paid for",
            hint="llmeval cache refresh --accept, or --discard",
        )


def _accept(found: project.Project, draft: Path) -> None:
    session = _whole(draft)
    if session is None:
        raise UsageError(
            f"the draft in {shown(draft)} was broken off",
            hint="llmeval cache refresh --drift, with the same arguments, goes on with it",
        )
    drawn, working = opened(draft / "llmeval.db"), opened(found.store)
    files: dict[Path, Recordings] = {}
    n_stored = 0
    try:
        for result in session.results:
            file = _file_of(found, result.id.test, files)
            for call in (call for trial in result.trials for call in (*trial.calls, *trial.judge_calls)):
                response = drawn.get(call.key, call.request)
                if response is None:
                    continue  # empty, filtered or cut: no answer that is kept
                working.put(response)
                if file is not None:
                    file.put(response)
                n_stored += 1
    finally:
        drawn.close()
        working.close()
    shutil.rmtree(draft)
    where = "recordings and working cache" if found.recordings else "the working cache"
    say(
        f"{count(n_stored, 'new answer')} in {where}, replayed from now on; review and commit the recordings",
        "a baseline still names the old answers: llmeval baseline accept, after the next run of pytest",
    )


def _file_of(found: project.Project, test: str, files: dict[Path, Recordings]) -> Recordings | None:
    """Return the recordings of a test; each file is read once."""
    if not found.recordings:
        return None
    path = named_recordings.module_file(found.root, test, found.recordings)
    if path not in files:
        files[path] = Recordings(path, on_first_write=lambda _: None)
    return files[path]
