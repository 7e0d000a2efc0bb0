"""``llmeval baseline rollback``: let the whole baseline stand as a commit holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline import arguments as args
from pytest_llmeval.commands.baseline.differences import changes_between
from pytest_llmeval.commands.output import inert, say, shown
from pytest_llmeval.errors import BaselineError, BaselineUnreadable
from pytest_llmeval.store import baseline_folder, baseline_history, baselines, git

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path, PurePosixPath

_ROLLBACK = """\
Let the whole baseline stand as it stood at REVISION. Without one: undo the last change, that is, go to the newest
commit at which the baseline stood otherwise than it stands now. It writes files and commits nothing, and it also cures
a baseline that cannot be read."""


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(
        group,
        "rollback",
        help="let all of it stand as a commit holds it",
        description=_ROLLBACK,
        run=rollback,
        epilog="example: llmeval baseline rollback HEAD~3",
        has_pattern=False,
    )
    parser.add_argument("revision", nargs="?", metavar="REVISION", help="a commit, tag or branch (default: see above)")
    args.add_dry_run(parser)


def rollback(arguments: argparse.Namespace) -> None:
    """Restore the files of a commit; say which lines that changes."""
    folder = project.find(arguments.rootdir).baseline(arguments.baseline)
    place = baseline_history.standing(folder)
    now = _now(folder)
    if arguments.revision:
        commit, said = git.commit_of(place, arguments.revision), inert(arguments.revision)
        wanted = baseline_history.files_at(folder, commit)
        if not wanted:
            raise BaselineError(f"there is no baseline at {arguments.revision!r}", found=f"looked for {shown(folder)}")
    else:
        commit, said, wanted = _last_other(folder, place, now)
    title = f"{commit[:12]} ({said})"
    if wanted == now:
        say(f"the baseline stands as at {title} already")
        return
    _say_changes(folder, commit)
    if arguments.dry_run:
        say(f"the baseline would stand as at {title}", "nothing was changed")
        return
    written = baselines.restore(folder, wanted)
    say(f"the baseline stands as at {title}", *(f"  {shown(path)}" for path in written))
    say("review and commit that: git add " + shown(folder))


def _now(folder: Path) -> Mapping[PurePosixPath, bytes | None]:
    return {file: _bytes(folder / file) for file in baseline_folder.files(folder)}


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None  # a dangling link equals no file of a commit


def _last_other(
    folder: Path, place: Path, now: Mapping[PurePosixPath, bytes | None]
) -> tuple[str, str, Mapping[PurePosixPath, bytes]]:
    """Return the newest commit that changed the baseline to something else than stands here, its subject, its files."""
    commits = git.log(place, folder)
    for commit in commits:
        wanted = baseline_history.files_at(folder, commit.id)
        if wanted and wanted != now:
            return commit.id, inert(commit.subject), wanted
    raise BaselineError(
        "there is nothing to go back to",
        found=f"{len(commits)} commits changed {shown(folder)}, none to another baseline than stands there",
        hint="llmeval baseline rollback REVISION",
    )


def _say_changes(folder: Path, commit: str) -> None:
    try:
        now = baselines.read(folder)
    except BaselineUnreadable as error:
        say(inert(f"what stands now cannot be read: {error.what}"))
        return
    then = baseline_history.read_at(folder, commit)
    args.say_differences(changes_between(now.lines, then.lines), "now", commit[:12])
