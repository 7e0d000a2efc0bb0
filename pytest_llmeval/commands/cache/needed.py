"""What needs a stored answer: a recording, a draw of a baseline, a stored session."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.errors import StoreError
from pytest_llmeval.gather import session_file
from pytest_llmeval.store import baseline_folder, baselines, named_recordings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Line, Response
    from pytest_llmeval.store.holdings import Stored


class Needed(NamedTuple):
    """What is needed, by origin.

    Args:
        recorded: what stands in recordings.
        named: what a baseline names, by the answer's origin or that of its text alone.
        used: what a stored session used.
        untold: files of recordings of which some draw stands on answers that nobody can tell.
        has_untold: whether such a draw may stand on any row of the working cache.
    """

    recorded: frozenset[str]
    named: frozenset[str]
    used: frozenset[str]
    untold: frozenset[Path]
    has_untold: bool

    def is_named(self, response: Response) -> bool:
        """Whether a baseline names it."""
        return not self.named.isdisjoint(named_recordings.origins_of(response))

    def is_used(self, response: Response) -> bool:
        """Whether a stored session used it."""
        return response.origin in self.used

    def is_row_needed(self, response: Response) -> bool:
        """Whether anything needs it in the working cache."""
        return self.has_untold or response.origin in self.recorded or self.is_named(response) or self.is_used(response)


def needed(found: Project, recorded: Mapping[Path, Sequence[Stored]]) -> Needed:
    """Read every baseline and every stored session of a project.

    Args:
        found: the project.
        recorded: its recordings, by file.

    Raises:
        LlmevalError: one of them cannot be read, so that nobody knows what it needs.
    """
    lines = list(_lines(found))
    everything = frozenset(one.response.origin for stored in recorded.values() for one in stored)
    told = {
        origin for stored in recorded.values() for one in stored for origin in named_recordings.origins_of(one.response)
    }
    name = found.recordings
    untold = set()
    for path, stored in recorded.items():
        beside = [line for line in lines if named_recordings.module_file(found.root, line.id.test, name) == path]
        if named_recordings.unneeded([one.response for one in stored], beside, ()) is None:
            untold.add(path)
    named = frozenset(draw.origin for line in lines for draw in line.draws if draw.origin)
    # With recordings a baseline's answers stand there; without, the working cache alone may hold what cannot be told.
    return Needed(everything, named, frozenset(_used(found)), frozenset(untold), not name and not named <= told)


def _lines(found: Project) -> Iterable[Line]:
    base = found.baseline(None)
    for folder in (base, *(base / name for name in baseline_folder.names(base))):
        yield from baselines.read(folder).lines.values()


def _used(found: Project) -> Iterable[str]:
    folder = found.folder / "sessions"
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        try:
            session = session_file.read(path)
        except StoreError as error:
            raise StoreError(
                f"{path.name} cannot be read, so nobody knows what it needs",
                found=error.found or error.what,
                hint="move it away if it is of no use, and prune again",
            ) from error
        for result in session.results:
            for trial in result.trials:
                yield from (call.origin for call in (*trial.calls, *trial.judge_calls))
