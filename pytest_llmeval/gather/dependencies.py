"""What ``llmeval watch`` and the pytest that it starts tell each other: which cases to run, what each depends on.

In: the cases that are wanted, as the command knows them. Out: from each process that ran tests, every case with the
files below the root that it, or the code behind it, read. Both are JSON in a folder that the command makes.
"""

from __future__ import annotations

import json
import os
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLE = "_LLMEVAL_WATCH"
"""Names that folder; set by the command, for the pytest that it starts."""
_WANTED = "wanted.json"
_NO_PROMPTS = frozenset({"__pycache__", "node_modules", "site-packages"})


class Key(NamedTuple):
    """Who a test is, in every process and every run: the id of its case, and its arm."""

    test: str
    case: str = ""
    arm: str = ""


class Wanted(NamedTuple):
    """What to run.

    Args:
        selected: these cases; None for all. A case that is not among ``known``, or whose input is another one, is run
            in any case.
        known: the digest of the input of every case that has been seen.
        modules: the test modules to collect, by their paths from the root; None for all.
        root: of the project; any other pytest, such as one that a test starts, is none of ours.
        leave_out: name of the folders that recordings stand in.
    """

    selected: frozenset[Key] | None = None
    known: Mapping[Key, str] = {}
    modules: frozenset[str] | None = None
    root: str = ""
    leave_out: str = ""


class Seen(NamedTuple):
    """A case that was collected.

    Args:
        input_hash: digest of its own input.
        module: path of its test module.
        has_run: whether its set-up began.
        files: what it depends on, by path from the root; its dataset is not among them.
        datasets: the files that its case may come from.
    """

    input_hash: str
    module: str
    has_run: bool
    files: frozenset[str]
    datasets: frozenset[str] = frozenset()


class Told(NamedTuple):
    """What a run tells.

    Args:
        cases: those that were run or were to be.
        broken: test modules that could not be collected.
        failed: pytest's ids of the tests that failed.
        is_whole: whether it came to its end and told anything at all.
    """

    cases: Mapping[Key, Seen] = {}
    broken: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    is_whole: bool = True


def is_watched(path: str, leave_out: str = "") -> bool:
    """Whether a file below the root may be what somebody edits: hidden ones, caches and recordings are not.

    Args:
        path: from the root.
        leave_out: name of the folders that recordings stand in.
    """
    *folders, name = PurePath(path).parts
    return not name.startswith(".") and all(is_entered(folder, leave_out) for folder in folders)


def is_entered(folder: str, leave_out: str = "") -> bool:
    """Whether a folder of that name may hold such files."""
    return not folder.startswith(".") and folder not in _NO_PROMPTS and folder != leave_out


def write_wanted(folder: Path, wanted: Wanted) -> None:
    """Write what to run into the folder."""
    page = {
        "selected": None if wanted.selected is None else sorted(wanted.selected),
        "known": [[*key, input_hash] for key, input_hash in wanted.known.items()],
        "modules": None if wanted.modules is None else sorted(wanted.modules),
        "root": wanted.root,
        "leave_out": wanted.leave_out,
    }
    (folder / _WANTED).write_text(json.dumps(page), encoding="ascii")


def read_wanted(folder: Path) -> Wanted:
    """Read what ``write_wanted`` wrote."""
    page = json.loads((folder / _WANTED).read_text(encoding="ascii"))
    return Wanted(
        selected=None if page["selected"] is None else frozenset(Key(*row) for row in page["selected"]),
        known={Key(*row[:3]): row[3] for row in page["known"]},
        modules=None if page["modules"] is None else frozenset(page["modules"]),
        root=page["root"],
        leave_out=page["leave_out"],
    )


def write_told(folder: Path, told: Told) -> None:
    """Write what this process tells into the folder, in a file of its own."""
    rows = [
        [*key, seen.input_hash, seen.module, seen.has_run, sorted(seen.files), sorted(seen.datasets)]
        for key, seen in told.cases.items()
    ]
    page = json.dumps({"cases": rows, "broken": sorted(told.broken), "failed": sorted(told.failed)})
    (folder / f"told-{os.getpid()}.json").write_text(page, encoding="ascii")


def read_told(folder: Path) -> Told:
    """Put together what the processes of a run told."""
    cases: dict[Key, Seen] = {}
    broken: set[str] = set()
    failed: set[str] = set()
    paths = sorted(folder.glob("told-*.json"))
    for path in paths:
        page = json.loads(path.read_text(encoding="ascii"))
        broken |= set(page["broken"])
        failed |= set(page["failed"])
        for *key, input_hash, module, has_run, files, datasets in page["cases"]:
            seen = Seen(input_hash, module, has_run, frozenset(files), frozenset(datasets))
            # Every worker of xdist collects every test, and runs some of them.
            cases[Key(*key)] = _both(cases.get(Key(*key)), seen)
    return Told(cases, frozenset(broken), frozenset(failed), is_whole=bool(paths))


def _both(one: Seen | None, other: Seen) -> Seen:
    if one is None:
        return other
    has_run, files = one.has_run or other.has_run, one.files | other.files
    return other._replace(has_run=has_run, files=files, datasets=one.datasets | other.datasets)
