"""``llmeval sessions show``: a session as it ended, or one of its cases with everything that was asked and answered."""

from __future__ import annotations

import os
import sys
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.interaction import answer_lines, part_lines, request_lines, text_lines
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.commands.sessions import arguments as args
from pytest_llmeval.commands.sessions import everywhere
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports import agreement
from pytest_llmeval.exports.sparkline import histogram
from pytest_llmeval.exports.spread import LEAST_CASES, case_means
from pytest_llmeval.exports.usage import percentile
from pytest_llmeval.gather import session_file, session_folder
from pytest_llmeval.records.agreement import named

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.records import CaseResult, Check, Response, Session, Trial

_SHOW = """\
Print a session as it ended. With --case, print all that is stored of a case: every request and answer with where it
came from, every score with its reason, and the versions that made them. It is read from the session file, so it is
there whatever was pruned from the cache, and as long as llmeval_retention keeps the session."""

_MOST_CASES = 5
_LONGEST = 2_000


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(
        group, "show", help="print a session, or a case of it whole", description=_SHOW, run=show, epilog=args.ID_HELP
    )
    parser.add_argument("id", metavar="ID", nargs="?", default="", help="(default: the newest)")
    parser.add_argument(
        "--case", metavar="PATTERN", help="a case: test[case], pytest's node id, or its own id; * and ?"
    )
    parser.add_argument("--trial", metavar="N", type=int, help="only that trial")
    parser.add_argument("-v", "--verbose", action="store_true", help="name everything, as pytest -v does")


def show(arguments: argparse.Namespace) -> None:
    """Print the session, or its cases."""
    folder = everywhere.folder(project.find(arguments.rootdir), arguments.id)
    session = session_file.read(session_folder.pick(folder, arguments.id))
    if arguments.case is None:
        say(*_heading(session), "", *page(session, verbose=arguments.verbose))
        _say_spread(session)
        return
    found = _picked(session, arguments.case)
    metrics = {check.score.metric for result in found for trial in result.trials for check in trial.checks}
    said = [session.exit_line] if session.exit_line else []
    said += (f"judge: {text}" for text in agreement.sentences(session, metrics))
    say(*_heading(session), *(inert(text, limit=_LONGEST) for text in said))
    for result in found:
        say("", *_case(result, arguments.trial))


def _heading(session: Session) -> Iterator[str]:
    # A file that came from elsewhere may hold anything, in its id as well.
    yield from (inert(line, limit=_LONGEST) for line in _facts(session))


def _facts(session: Session) -> Iterator[str]:
    yield f"session {session.id}, {session.started_at}, {session.duration_s:.1f} s"
    if session.commit:
        yield f"commit {session.commit} on {session.branch}"
    if session.merged:
        yield "merged of " + ", ".join(session.merged)
    yield "versions " + ", ".join(f"{name} {version}" for name, version in sorted(session.versions.items()))
    yield "settings " + ", ".join(f"{name}={value}" for name, value in sorted(session.settings.items()))


def page(session: Session, *, verbose: bool) -> Sequence[str]:
    """Return what pytest printed at its end, as wide as the terminal.

    Args:
        session: of any age.
        verbose: name everything.
    """
    from rich.console import Console

    from pytest_llmeval.exports import terminal

    is_person = sys.stdout.isatty() and not os.environ.get("CI")
    page = terminal.render(
        session,
        width=Console().width if is_person else 80,
        color=is_person and not os.environ.get("NO_COLOR"),
        verbose=verbose,
        ascii_only=not (sys.stdout.encoding or "").lower().startswith("utf"),
        exit_line=session.exit_line,
    )
    return page.splitlines() or ["it had no LLM test"]


def _say_spread(session: Session) -> None:
    """Print how the means of the cases lie, where there are enough of them to lie anyhow."""
    many = {key: sorted(means.values()) for key, means in case_means(session).items() if len(means) >= LEAST_CASES}
    if many:
        is_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
        say("")
        say_table(
            ("suite", "metric", "cases", "0 to 1", "lowest", "median", "highest"),
            [
                (suite, f"{metric} @{arm}" if arm else metric, *_spread(many[suite, metric, arm], ascii_only=is_ascii))
                for suite, metric, arm in sorted(many)
            ],
        )


def _spread(means: Sequence[float], *, ascii_only: bool) -> tuple[str, ...]:
    figures = (means[0], percentile(means, 0.5), means[-1])
    return (str(len(means)), histogram(means, ascii_only=ascii_only), *(f"{value:.3f}" for value in figures))


def _picked(session: Session, pattern: str) -> list[CaseResult]:
    found = [result for result in session.results if _matches(result, pattern)]
    if not 0 < len(found) <= _MOST_CASES:
        names = [str(result.id) for result in found or session.results]
        raise UsageError(
            f"--case={pattern!r} picks {len(found)} of {len(session.results)} cases",
            found=", ".join(names[:_MOST_CASES]) + (", ..." if len(names) > _MOST_CASES else ""),
            hint=f"pick one to {_MOST_CASES}; * stands for any text: --case '*refund-eu*'",
        )
    return found


def _matches(result: CaseResult, pattern: str) -> bool:
    names = (str(result.id), *result.id, result.nodeid)
    return any(fnmatchcase(name, pattern.replace("[", "[[]")) for name in names if name)


def _case(result: CaseResult, trial: int | None) -> Iterator[str]:
    arm = f" @{inert(result.arm)}" if result.arm else ""
    yield f"case {inert(str(result.id), limit=_LONGEST)}{arm}, {inert(result.outcome)}"
    yield f"  pytest's id {inert(result.nodeid, limit=_LONGEST)}"
    tags = f", tags {', '.join(map(inert, result.tags))}" if result.tags else ""
    yield f"  suite {inert(result.suite) or '-'}, input {inert(result.input_hash) or 'without a digest'}{tags}"
    shown = [one for one in result.trials if trial in (None, one.index)]
    if trial is not None and not shown:
        raise UsageError(f"--trial={trial}: there is no such trial", found=f"{len(result.trials)} ran, from 0")
    for one in shown:
        yield ""
        yield from _trial(one)
    if result.checks:
        yield ""
        yield "over all trials"
        for check in result.checks:
            yield from _check(check)
    for request in result.missed:
        yield ""
        yield "asked, and not recorded"
        yield from request_lines(request)


def _trial(trial: Trial) -> Iterator[str]:
    yield f"trial {trial.index}, {trial.duration_s:.3f} s" + (", unscored" if trial.is_unscored else "")
    if trial.error:
        yield f"  ended by {inert(trial.error, limit=_LONGEST)}"
    for kind, calls in (("call", trial.calls), ("call of a judge", trial.judge_calls)):
        for number, call in enumerate(calls, 1):
            yield ""
            yield from _call(f"{kind} {number}", call)
    for check in trial.checks:
        yield ""
        yield from _check(check)


def _call(name: str, call: Response) -> Iterator[str]:
    yield f"{name}: {call.provenance.value}, {call.outcome.value}, recorded {inert(call.recorded_at) or '?'}"
    yield f"key {inert(call.key) or '-'}, origin {inert(call.origin) or '-'}"
    yield from request_lines(call.request)
    yield "answer:"
    yield from answer_lines(call)


def _check(check: Check) -> Iterator[str]:
    value = "unscored" if check.value is None else f"{check.value:.6g}"
    mark = "" if check.threshold is None else f", threshold {check.threshold:g}"
    mark += "" if check.require is None else f", require {check.require:g}"
    version = named(check.score.version, check.score.judges)
    yield f"check {inert(check.score.metric)}: {value}{mark}, version {inert(version)}"
    if check.place.path:
        yield f"  at {inert(check.place.path)}:{check.place.line}  {inert(check.place.source)}"
    if check.score.reason:
        yield f"  because {inert(check.score.reason, limit=_LONGEST)}"
    if check.score.detail:
        yield from (f"  {line}" for line in part_lines("detail", dict(check.score.detail)))
    if check.output:
        yield "  of the text that begins:"
        yield from (f"  {line}" for line in text_lines(check.output))
