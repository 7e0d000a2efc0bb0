"""``llmeval baseline log``: who accepted what, when, why and until when; and the commits that changed the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline import arguments as args
from pytest_llmeval.commands.output import inert, say, say_table, shown
from pytest_llmeval.store import baseline_history, baselines, git

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_llmeval.records import Acceptance, Line

_LOG = """\
Print who accepted the lines that stand in the baseline, when, why and until when, newest first; then, in a git
checkout, the commits that changed their files. What a line was before it was accepted anew stands in those commits."""

_COLUMNS = ("accepted", "by", "expires", "lines", "first line", "reason")
_COMMIT_COLUMNS = ("committed", "by", "commit", "subject")


def declare(group: args.Commands) -> None:
    """Add the verb."""
    args.add(group, "log", help="print who accepted what, and why", description=_LOG, run=log)


def log(arguments: argparse.Namespace) -> None:
    """Print the acceptances of the picked lines, and the commits."""
    folder = project.find(arguments.rootdir).baseline(arguments.baseline)
    stored = sorted(baselines.read(folder).lines.values(), key=lambda line: line.id)
    lines = args.picked(stored, arguments.pattern)
    acts = _acts(lines)
    if acts:
        say_table(_COLUMNS, [_row(act, accepted) for act, accepted in acts])
    n_others = sum(line.acceptance is None for line in lines)
    if not lines:
        say(f"no baseline in {shown(folder)}")
    elif n_others:
        say(f"{n_others} of {len(lines)} lines were stored by --llmeval-baseline-update: nobody gave a reason")
    _say_commits(folder, {baselines.path_of(folder, line.id.test) for line in lines} if arguments.pattern else {folder})


def _acts(lines: Iterable[Line]) -> list[tuple[Acceptance, list[Line]]]:
    """Gather the lines that were accepted in one act, the newest act first."""
    acts: dict[Acceptance, list[Line]] = {}
    for line in lines:
        if line.acceptance is not None:
            acts.setdefault(line.acceptance, []).append(line)
    return sorted(acts.items(), key=lambda act: act[0].accepted_at, reverse=True)


def _row(act: Acceptance, lines: list[Line]) -> tuple[str, ...]:
    expires = f"{act.expires} EXPIRED" if act.is_expired(args.today()) else act.expires
    return (act.accepted_at, act.author, expires or "-", str(len(lines)), str(lines[0].id), act.reason)


def _say_commits(folder: Path, paths: set[Path]) -> None:
    place = baseline_history.standing(folder)
    if git.top(place) is None:
        return
    commits = git.log(place, *sorted(paths))
    say("")
    if commits:
        say_table(_COMMIT_COLUMNS, [(c.authored_at, c.author, c.id[:12], c.subject) for c in commits])
    else:
        say(f"no commit has changed {shown(folder)} yet")
    if any(change.path.suffix == ".jsonl" for change in git.changes(place, *sorted(paths))):
        say(inert("some of it is not committed yet; `llmeval baseline reject` would take that back"))
