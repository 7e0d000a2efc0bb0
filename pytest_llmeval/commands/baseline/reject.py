"""``llmeval baseline reject``: take back what was accepted and not yet committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline import arguments as args
from pytest_llmeval.commands.baseline.differences import changes_between
from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.records import Baseline
from pytest_llmeval.store import baseline_history, baselines, git

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_REJECT = """\
Take back an acceptance that is not committed yet: the lines that PATTERN picks stand again as git's HEAD has them, and
those that HEAD does not have go. No other line changes. What is committed is taken back by `rollback`."""


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "reject", help="take back what is not committed yet", description=_REJECT, run=reject)
    args.add_dry_run(parser)


def reject(arguments: argparse.Namespace) -> None:
    """Let the picked lines stand as HEAD has them; say which."""
    folder = project.find(arguments.rootdir).baseline(arguments.baseline)
    committed = _committed(folder)
    now = baselines.read(folder)
    found = changes_between(now.lines, committed.lines)
    if not found:
        say(f"nothing to take back: {shown(folder)} stands as HEAD has it")
        return
    meant = {line.id for line in args.picked([one.line for one in found], arguments.pattern)}
    args.say_differences([one for one in found if one.line.id in meant], "now", "HEAD")
    if arguments.dry_run:
        say(f"{len(meant)} of {len(found)} uncommitted lines would be taken back", "nothing was changed")
        return
    runs = list(committed.runs.values())
    written = baselines.revise(folder, meant, lambda id_, _: committed.lines.get(id_), runs)
    say(f"{len(meant)} of {len(found)} uncommitted lines taken back", *(f"  {shown(path)}" for path in written))


def _committed(folder: Path) -> Baseline:
    place = baseline_history.standing(folder)
    # Before the first commit every line is new.
    is_new = git.top(place) is not None and not git.has_commits(place)
    return Baseline() if is_new else baseline_history.read_at(folder)
