"""What a baseline was: its files as a commit of the user's git holds them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pytest_llmeval.errors import BaselineUnreadable
from pytest_llmeval.records import Baseline, BaselineRun, CheckId, Line
from pytest_llmeval.store import git
from pytest_llmeval.store.baseline_folder import NAMED
from pytest_llmeval.store.baselines import parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 12  # of a commit's id


def read_at(folder: Path, revision: str = "HEAD") -> Baseline:
    """Return the baseline as a commit holds it; empty where the commit has none.

    Args:
        folder: of the baseline; it need not exist now.
        revision: a branch, a tag, an id.

    Raises:
        GitError: the revision is unknown, or the folder is in no checkout.
        BaselineUnreadable: a file of that commit is malformed; the message names it with the revision.
    """
    lines: dict[CheckId, Line] = {}
    runs: dict[str, BaselineRun] = {}
    for file, data in files_at(folder, revision).items():
        try:
            found_lines, found_runs = parsed(folder / file, data, file)
        except BaselineUnreadable as error:
            raise BaselineUnreadable(
                f"{error.what}, in commit {revision[:_SHOWN]!r}",
                found=error.found,
                hint="mend it in the branch of that commit; this checkout cannot",
            ) from None
        lines |= found_lines
        runs |= found_runs
    return Baseline(lines=lines, runs=runs)


def files_at(folder: Path, revision: str) -> Mapping[PurePosixPath, bytes]:
    """Return the files of a baseline as a commit holds them, by path within its folder.

    Raises:
        GitError: as for ``read_at``.
    """
    from pytest_llmeval.store.baseline_file import SUFFIX

    found = git.files(standing(folder), revision, folder)
    by_place = {PurePosixPath(path.relative_to(folder)): data for path, data in found.items()}
    return {
        file: data
        for file, data in by_place.items()
        # A named baseline in the folder is another one.
        if file.name.endswith(SUFFIX) and not file.parts[0].startswith(NAMED)
    }


def standing(folder: Path) -> Path:
    """Return the nearest folder above that exists, the folder itself included: where git can be asked."""
    absolute = folder.absolute()
    return next(parent for parent in (absolute, *absolute.parents) if parent.is_dir())
