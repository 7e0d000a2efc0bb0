"""``llmeval baseline accept``: make a session's scores the ones that later runs are compared with."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline import arguments as args
from pytest_llmeval.commands.baseline.differences import differences
from pytest_llmeval.commands.baseline.stale import refuse_stale
from pytest_llmeval.commands.output import inert, say, shown
from pytest_llmeval.errors import BaselineError, GitError, UsageError
from pytest_llmeval.store import baselines, git

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pytest_llmeval.records import Acceptance, Session

_ACCEPT = """\
Make the last session's scores the baseline, for every line or for those that PATTERN picks; no other line changes. The
reason, the author and the date are stored with each line, for whoever reviews the change.

A session that was stopped, lost tests or lacks scores is refused, and so is one that ran on another commit than HEAD,
or before a file was edited: it does not speak of the code that stands here.

With --expires the acceptance is a waiver: it holds to the end of that day. From then on every gated run and `doctor`
name the line, and the threshold of its check decides again beside the comparison."""

_EXAMPLES = """\
examples:
  llmeval baseline accept --reason "first scores"
  llmeval baseline accept 'tests/test_support.py::*' --reason "shorter answers, agreed in #12"
  llmeval baseline accept 'refund-*' --reason "known weakness of the new model" --expires 2026-12-31"""


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(
        group,
        "accept",
        help="make the last session the baseline",
        description=_ACCEPT,
        run=accept,
        epilog=f"{args.PATTERN_HELP}\n\n{_EXAMPLES}",
    )
    parser.add_argument("--reason", required=True, type=args.text, metavar="TEXT", help="why; a sentence for reviewers")
    parser.add_argument(
        "--author", type=args.text, metavar="NAME", help="who; by default `git config user.name`, $USER"
    )
    parser.add_argument(
        "--expires", type=args.iso_date, metavar="DATE", help="last day on which it holds, as 2026-12-31"
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="accept a session that was stopped, lost tests, lacks scores or is stale, and say so in the file",
    )
    args.add_dry_run(parser)
    args.add_session(parser)


def accept(arguments: argparse.Namespace) -> None:
    """Store the session's lines as the baseline, with who and why; say first what that changes."""
    from pytest_llmeval import gate

    found = project.find(arguments.rootdir)
    session = args.session_of(found, arguments)
    folder = found.baseline(arguments.baseline)
    reason = _reason(session, found, folder, arguments)
    acceptance = _acceptance(reason, arguments, found.root)
    before = baselines.read(folder)
    drawn = gate.first_drawn(gate.lines_of(session.id, session.results), session.trials)
    picked = args.picked(drawn, arguments.pattern, session)
    lines = [replace(line, acceptance=acceptance) for line in picked]
    stored = {line.id: before.lines[line.id] for line in lines if line.id in before.lines}
    args.say_differences(differences(stored, lines, is_whole=True))
    count = f"{sum(bool(line.draws) for line in lines)} of {len(lines)} lines"
    signed = f"as the baseline, by {inert(acceptance.author)}: {inert(reason)}"
    if arguments.dry_run:
        say(f"{count} would be stored {signed}", "nothing was changed")
        return
    written = baselines.write_lines(folder, lines, [baselines.run_of(session)])
    say(f"{count} stored {signed}", *(f"  {shown(path)}" for path in written))
    if written:
        say("review and commit them: git add " + shown(folder))


def _reason(session: Session, found: project.Project, folder: Path, arguments: argparse.Namespace) -> str:
    """Return the reason to store: a session that makes no baseline is accepted only by force, and says so for ever."""
    faults = []
    for refuse in (partial(baselines.refuse_partial, session), partial(refuse_stale, session, found, folder)):
        try:
            refuse()
        except (BaselineError, GitError) as error:
            if not arguments.force:
                raise
            faults.append(error.found or error.what)
    return f"forced: {arguments.reason} ({'; '.join(faults)})" if faults else str(arguments.reason)


def _acceptance(reason: str, arguments: argparse.Namespace, root: Path) -> Acceptance:
    from pytest_llmeval.records import Acceptance

    if arguments.expires and arguments.expires < args.today():
        raise UsageError(f"--expires={arguments.expires} is over", hint="name a day from today on")
    author = arguments.author or git.user(root) or os.environ.get("USER", "")
    if not author:
        raise UsageError(
            "nobody is named as the author", found="git has no user.name, and $USER is empty", hint="--author NAME"
        )
    accepted_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Acceptance(reason=reason, author=author, accepted_at=accepted_at, expires=arguments.expires or "")
