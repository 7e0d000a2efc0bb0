"""``llmeval sessions trend``: how each metric went over the last sessions, as a row of bars."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.commands.sessions import arguments as args
from pytest_llmeval.commands.sessions import everywhere
from pytest_llmeval.exports.sparkline import sparkline
from pytest_llmeval.exports.wording import count
from pytest_llmeval.records import Verdict

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pytest_llmeval.records import Session, Summary

    Key = tuple[str, str, str]

_TREND = """\
Print, for each suite and metric, its mean in the last sessions as bars, the oldest on the left; a dot where a session
has no such mean. The lowest bar is the lowest mean of the row, the highest the highest, a tenth apart at least.
"red" counts the sessions that the gate called regressed. Sessions that ran only a part are left out."""

_COLUMNS = ("suite", "metric", "trend", "oldest", "newest", "change", "cases", "red")
_LONGEST_NAME = 24


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "trend", help="how each metric went over time", description=_TREND, run=trend)
    args.add_filters(parser, last=20)
    parser.add_argument("--suite", metavar="NAME", help="only that suite")
    parser.add_argument("--metric", metavar="NAME", help="only that metric")
    parser.add_argument("--partial", action="store_true", help="sessions that ran only a part as well")


def trend(arguments: argparse.Namespace) -> None:
    """Print a row for each suite and metric."""
    folder = everywhere.folder(project.find(arguments.rootdir))
    whole, n_partial = args.heads(folder, arguments, is_whole=not arguments.partial)
    # A dict keeps their order, and each of them once.
    keys = dict.fromkeys(
        _key(one)
        for session in whole
        for one in session.summaries
        if arguments.suite in (None, one.suite) and arguments.metric in (None, one.metric)
    )
    if keys:
        say_table(_COLUMNS, [_row(key, whole) for key in sorted(keys)])
        first, last = whole[0], whole[-1]
        told = f"{count(len(whole), 'session')}, {inert(first.started_at)} to {inert(last.started_at)}"
        say("", told + _told_left_out(n_partial))
    else:
        none = "no stored session has such a mean" if whole or n_partial else "no session is stored: run pytest first"
        say(none + _told_left_out(n_partial))


def _told_left_out(number: int) -> str:
    return f"; {count(number, 'partial session')} left out (--partial)" if number else ""


def _row(key: Key, sessions: Sequence[Session]) -> tuple[str, ...]:
    found = [next((one for one in session.summaries if _key(one) == key), None) for session in sessions]
    means = [None if one is None else one.mean for one in found]
    known = [mean for mean in means if mean is not None]
    suite, metric, arm = key
    cases = sorted({one.n_cases for one in found if one is not None})
    return (
        inert(suite, limit=_LONGEST_NAME),
        inert(f"{metric} @{arm}" if arm else metric, limit=_LONGEST_NAME),
        sparkline(means, ascii_only=not (sys.stdout.encoding or "").lower().startswith("utf")),
        f"{known[0]:.3f}" if known else "-",
        f"{known[-1]:.3f}" if known else "-",
        f"{known[-1] - known[0]:+z.3f}" if known else "-",
        str(cases[0]) if len(cases) == 1 else f"{cases[0]}-{cases[-1]}",
        str(sum(_is_red(session, key) for session in sessions)),
    )


def _is_red(session: Session, key: Key) -> bool:
    compared = session.verdict.comparisons if session.verdict else ()
    return any(one.verdict is Verdict.REGRESSED for one in compared if (one.suite, one.metric, one.arm) == key)


def _key(summary: Summary) -> Key:
    return summary.suite, summary.metric, summary.arm
