"""Which cases a change of files may have changed: a pure function of what earlier runs told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from pytest_llmeval.gather.dependencies import Wanted

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_llmeval.gather.dependencies import Key, Seen, Told


@dataclass
class Knowledge:
    """What the runs so far have told.

    Args:
        cases: every case that was seen, with what it depends on.
        broken: test modules that could not be collected when they were last tried.
        waiting: cases that were to be run and were not.
        is_lost: whether the last run ended before it told anything.
    """

    cases: dict[Key, Seen] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    waiting: set[Key] = field(default_factory=set)
    is_lost: bool = False

    @property
    def files(self) -> frozenset[str]:
        """All that any case depends on."""
        return frozenset().union(*(seen.files | seen.datasets for seen in self.cases.values()))

    def learn(self, wanted: Wanted, told: Told, passed: Collection[Key]) -> None:
        """Take in what a run has told.

        Args:
            wanted: what it was to run.
            told: what it told; nothing where it never came to collect.
            passed: cases that came to their end, so that they read all they read; others may have stopped before.
        """
        self.is_lost = not told.is_whole
        if self.is_lost:
            return
        tried = wanted.modules
        # A case that is not there any more where its module was collected as a whole.
        for key, seen in list(self.cases.items()):
            is_tried = (tried is None or seen.module in tried) and seen.module not in told.broken
            if is_tried and key not in told.cases and (wanted.selected is None or key in wanted.selected):
                del self.cases[key]
                self.waiting.discard(key)
        for key, seen in told.cases.items():
            before = self.cases.get(key)
            if before is not None and (key not in passed or not seen.has_run):
                seen = seen._replace(files=seen.files | before.files)  # noqa: PLW2901 - the same case, told better
            self.cases[key] = seen
            (self.waiting.discard if seen.has_run else self.waiting.add)(key)
        self.broken = {path for path in self.broken if tried is not None and path not in tried} | set(told.broken)


def affected(
    changed: Collection[str], known: Knowledge, *, config: str = "", gone: Collection[str] = ()
) -> Wanted | None:
    """Return what is to be run after a change; None where nothing that matters changed.

    Args:
        changed: files that came, went or hold something else, by path from the root.
        known: what earlier runs told.
        config: the file that pytest takes its settings from.
        gone: those of them that are not there any more.
    """
    hashes = {key: seen.input_hash for key, seen in known.cases.items()}
    if config in changed or known.is_lost:
        return Wanted(None, hashes, None)
    hit = {key for key, seen in known.cases.items() if not seen.files.isdisjoint(changed)}
    modules = {known.cases[key].module for key in hit}
    modules |= _with_others(known, changed)
    modules |= {path for path in changed if path.endswith(".py") and path not in gone and not _is_known(path, known)}
    modules |= known.broken
    if not modules:
        return None
    waiting = known.waiting & known.cases.keys()
    modules |= {known.cases[key].module for key in waiting}
    return Wanted(frozenset(hit | waiting), hashes, frozenset(modules))


def _with_others(known: Knowledge, changed: Collection[str]) -> set[str]:
    """Return the test modules of which a dataset changed, or had a file come beside it that a pattern may match."""
    spots = set(map(_spot, changed))
    every = frozenset().union(*(seen.datasets for seen in known.cases.values()))
    others = {path for path in every if _spot(path) in spots}
    return {seen.module for seen in known.cases.values() if not seen.datasets.isdisjoint(others)}


def _spot(path: str) -> tuple[str, str]:
    return str(PurePath(path).parent), PurePath(path).suffix


def _is_known(path: str, known: Knowledge) -> bool:
    """Whether it is code that some case depends on; what no case depends on may be a test that is new."""
    return any(path in seen.files for seen in known.cases.values())


def said(wanted: Wanted, changed: Collection[str], known: Knowledge) -> str:
    """Say which change asks for which run; what an editor leaves beside a file is not named."""
    from pytest_llmeval.exports.wording import count, join

    named = sorted(path for path in changed if path in known.files or path.endswith(".py")) or sorted(changed)
    what = f"{join(named)} changed"
    if wanted.selected is None:
        return f"{what}: running every case"
    if not wanted.selected:
        return f"{what}: looking for cases that are new or others"
    return f"{what}: running {len(wanted.selected)} of {count(len(known.cases), 'case')}"
