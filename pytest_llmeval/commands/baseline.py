"""``llmeval baseline show|diff|accept``: what later runs are compared with, and the act of changing it."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.differences import COLUMNS, differences, matches, mean, rows, threshold
from pytest_llmeval.commands.output import inert, say, say_table, shown
from pytest_llmeval.errors import BaselineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_llmeval.commands.differences import Difference
    from pytest_llmeval.records import Acceptance, Line, Session

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

_LONGEST_SENTENCE = 1_000

_PATTERN_HELP = """\
PATTERN picks lines by any of: "test[case] metric" as this command prints it, the test, the case, pytest's node id, the
suite, the metric. * stands for any text and ? for one character; brackets mean themselves."""

_BASELINE = """\
A baseline is what later runs are compared with: for each case and metric, the scores of the trials of one run. It is
text below the folder `baselines`, one small file for each test function, and belongs in git: a pull request shows who
changed which line, and why. Nothing but `accept` and `pytest --llmeval-baseline-update` changes it."""

_SHOW = """\
Print what is stored: for each case and metric the mean score, the number of trials, the threshold, and the run."""

_DIFF = """\
Print where the last session differs from the baseline: lines that are new, changed, edited (another input or metric
version, so never compared) or gone, then the gate's verdict. It decides nothing: its exit status is 0."""

_ACCEPT = """\
Make the last session's scores the baseline, for every line or for those that PATTERN picks; no other line changes. The
reason, the author and the date are stored with each line, for whoever reviews the change."""

_ACCEPT_EXAMPLES = """\
examples:
  llmeval baseline accept --reason "first scores"
  llmeval baseline accept 'tests/test_support.py::*' --reason "shorter answers, agreed in #12"
  llmeval baseline accept 'refund-*' --reason "known weakness of the new model" --expires 2026-12-31"""


def declare(commands: Commands) -> None:
    """Add ``baseline`` and its own subcommands."""
    group = commands.add_parser(
        "baseline",
        help="show, compare and change what later runs are compared with",
        description=_BASELINE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)

    show_parser = _add(group, "show", "print what is stored", _SHOW, run=show)
    diff_parser = _add(group, "diff", "print where the last session differs", _DIFF, run=diff)
    accept_parser = _add(group, "accept", "make the last session the baseline", _ACCEPT, run=accept)
    accept_parser.epilog = f"{_PATTERN_HELP}\n\n{_ACCEPT_EXAMPLES}"
    accept_parser.add_argument(
        "--reason", required=True, type=_text, metavar="TEXT", help="why; a sentence for reviewers"
    )
    accept_parser.add_argument(
        "--author", type=_text, metavar="NAME", help="who; by default `git config user.name`, $USER"
    )
    accept_parser.add_argument(
        "--expires", type=_iso_date, metavar="DATE", help="when to look at it again, as 2026-12-31"
    )
    accept_parser.add_argument(
        "--force", action="store_true", help="accept a session that was stopped, lost tests or lacks scores, and say so"
    )
    for parser in (diff_parser, accept_parser):
        parser.add_argument("--session", metavar="FILE", help="session to take (default: .llmeval/session.jsonl)")
    for parser in (show_parser, diff_parser, accept_parser):
        parser.add_argument("--baseline", metavar="PATH", help="the baseline's folder (default: ini llmeval_baseline)")
        parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")


def _add(
    group: Commands, name: str, help_: str, description: str, *, run: Callable[[argparse.Namespace], None]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = group.add_parser(
        name,
        help=help_,
        description=description,
        epilog=_PATTERN_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("pattern", nargs="?", metavar="PATTERN", help="which lines (default: all)")
    parser.set_defaults(run=run)
    return parser


def show(arguments: argparse.Namespace) -> None:
    """Print the stored lines."""
    from pytest_llmeval.store import baselines

    folder = project.find(arguments.rootdir).baseline(arguments.baseline)
    baseline = baselines.read(folder)
    if not baseline.lines:
        say(f"no baseline in {shown(folder)}", 'to store one: pytest, then llmeval baseline accept --reason "..."')
        return
    table = []
    for line in _picked(sorted(baseline.lines.values(), key=lambda line: (line.suite, line.id)), arguments.pattern):
        run = max((baseline.runs[draw.run] for draw in line.draws), key=lambda run: run.recorded_at)
        accepted = f"{line.acceptance.reason} ({line.acceptance.author})" if line.acceptance else ""
        figures = (f"{mean(line):.3f}", str(len(line.draws)), threshold(line), run.recorded_at, run.commit[:12] or "-")
        table.append((line.suite or "-", str(line.id), *figures, accepted))
    say_table(("suite", "case and metric", "mean", "trials", "threshold", "recorded", "commit", "accepted"), table)


def diff(arguments: argparse.Namespace) -> None:
    """Print what differs, and the gate's verdict on all of it."""
    from pytest_llmeval import gate
    from pytest_llmeval.store import baselines

    found = project.find(arguments.rootdir)
    session = _session(found, arguments)
    current = gate.lines_of(session.id, session.results)
    baseline = baselines.read(found.baseline(arguments.baseline))
    is_whole = not (session.selection or session.stopped or session.lost or session.plan.n_deselected)
    every = differences(baseline.lines, current, is_whole=is_whole)
    picked = {line.id for line in _picked([one.line for one in every], arguments.pattern, session)}
    meant = [one for one in every if one.line.id in picked]
    _say_differences(meant)
    counts = Counter(one.word for one in meant)
    say(", ".join(f"{n} {word}" for word, n in sorted(counts.items())) or "no lines on either side")
    verdict = gate.decide(gate.compare_all(baseline, current))
    sentences = (inert(sentence, limit=_LONGEST_SENTENCE) for sentence in verdict.sentences)
    say(f"verdict on the whole session {session.id}: {verdict.verdict.upper()}", *sentences)


def accept(arguments: argparse.Namespace) -> None:
    """Store the session's lines as the baseline, with who and why."""
    from pytest_llmeval import gate
    from pytest_llmeval.store import baselines

    found = project.find(arguments.rootdir)
    session = _session(found, arguments)
    reason = _reason(session, arguments)
    acceptance = _acceptance(reason, arguments, found.root)
    folder = found.baseline(arguments.baseline)
    before = baselines.read(folder)
    picked = _picked(gate.lines_of(session.id, session.results), arguments.pattern, session)
    lines = [replace(line, acceptance=acceptance) for line in picked]
    written = baselines.write_lines(folder, lines, [baselines.run_of(session)])
    stored = {line.id: before.lines[line.id] for line in lines if line.id in before.lines}
    _say_differences(differences(stored, lines, is_whole=True))
    n_stored = sum(bool(line.draws) for line in lines)
    say(f"{n_stored} of {len(lines)} lines stored as the baseline, by {inert(acceptance.author)}: {inert(reason)}")
    say(*(f"  {shown(path)}" for path in written))
    if written:
        say("review and commit them: git add " + shown(folder))


def _session(found: project.Project, arguments: argparse.Namespace) -> Session:
    from pytest_llmeval.gather import session_file

    return session_file.read(found.session_file(arguments.session))


def _say_differences(found: Sequence[Difference]) -> None:
    notable = [one for one in found if one.word != "same"]
    if notable:
        say_table(COLUMNS, rows(notable))
        say("")


def _picked(lines: Sequence[Line], pattern: str | None, session: Session | None = None) -> list[Line]:
    """Return the lines that the pattern picks; raises UsageError where it picks none of those there are."""
    nodeids = {result.id: result.nodeid for result in session.results} if session else {}
    picked = [line for line in lines if matches(line, pattern, nodeids)]
    if lines and not picked:
        raise UsageError(
            f"PATTERN {pattern!r} picks none of {len(lines)} lines",
            found=f"the first is {str(lines[0].id)!r}",
            hint="* stands for any text: 'tests/test_support.py::*', '*[refund-eu] relevance'",
        )
    return picked


def _reason(session: Session, arguments: argparse.Namespace) -> str:
    """Return the reason to store: a session that makes no baseline is accepted only by force, and says so for ever."""
    from pytest_llmeval.store import baselines

    try:
        baselines.refuse_partial(session)
    except BaselineError as error:
        if not arguments.force:
            raise
        return f"forced: {arguments.reason} ({error.found})"
    return str(arguments.reason)


def _acceptance(reason: str, arguments: argparse.Namespace, root: Path) -> Acceptance:
    from pytest_llmeval.records import Acceptance

    author = arguments.author or _git_user(root) or os.environ.get("USER", "")
    if not author:
        raise UsageError(
            "nobody is named as the author", found="git has no user.name, and $USER is empty", hint="--author NAME"
        )
    accepted_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Acceptance(reason=reason, author=author, accepted_at=accepted_at, expires=arguments.expires or "")


def _git_user(root: Path) -> str:
    """Return git's user.name, empty where there is no git or no name."""
    try:
        answer = subprocess.run(
            ["git", "config", "user.name"],  # noqa: S607 - the user's own git
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return answer.stdout.strip()


def _text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text.strip()


def _iso_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-12-31") from None
