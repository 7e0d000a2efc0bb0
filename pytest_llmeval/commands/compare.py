"""``llmeval compare``: the variants of a session set against each other, once more or in rounds until it is decided."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.errors import LlmevalError, UsageError
from pytest_llmeval.options import ROUNDS

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.records import Contest, Session

_DESCRIPTION = """\
Say which of several variants (models, prompts) is better, by the last session that ran them, without a call.

With --run, run pytest in rounds: every case once more in every variant, until each comparison is decided or the last
round is done. Earlier trials are replayed. Looking after every round is paid for in the level of each: equal variants
are told apart by mistake in at most 1 of 20 comparisons, however early it stops."""

_EXAMPLES = """\
examples:
  llmeval compare --every-pair
  llmeval compare --run --rounds 2,4,8 --pytest-args="--llmeval-model=openai/gpt-4o,openai/gpt-4o-mini" """

_RAN = (0, 1, 6)  # what failed, or could not be scored, is told by pytest itself
_SENTENCE = 1_000
_ROUNDS = (2, 4, 7, 12)


def declare(commands: Any) -> None:  # noqa: ANN401 - argparse does not name the type of its subparsers
    """Add the command."""
    parser = commands.add_parser(
        "compare",
        help="say which of several variants is better",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--session", metavar="FILE", help="session to read (default: .llmeval/session.jsonl)")
    parser.add_argument(
        "--reference", metavar="NAME", help="variant that the others are set against (default: the first)"
    )
    parser.add_argument("--every-pair", action="store_true", help="set every variant against every other one")
    parser.add_argument("--run", action="store_true", dest="is_run", help="run pytest in rounds until it is decided")
    parser.add_argument(
        "--rounds", type=_rounds, default=_ROUNDS, metavar="N,N", help="trials of a case after each round, with --run"
    )
    parser.add_argument("--pytest-args", default="", metavar="TEXT", help='more arguments for pytest, as "-n 4"')
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.set_defaults(run=compare)


def compare(arguments: argparse.Namespace) -> None:
    """Set the variants against each other, and print what that says."""
    from pytest_llmeval.gather import session_file

    found = project.find(arguments.rootdir)
    if arguments.is_run:
        if arguments.session:
            raise UsageError("--run makes a session, and --session names one", hint="leave one of them out")
        _run(found, arguments)
    else:
        session = session_file.read(found.session_file(arguments.session))
        _say(session, contest_of(session, reference=arguments.reference, every_pair=arguments.every_pair))


def contest_of(session: Session, *, reference: str | None = None, every_pair: bool = False) -> Contest:
    """Set the variants of a session against each other; with the looks by which it was drawn, where it was in rounds.

    Args:
        session: of any age.
        reference: name of the variant that the others are set against; None: the first.
        every_pair: set every variant against every other one.

    Raises:
        UsageError: the session has no two variants, or none of that name.
    """
    from pytest_llmeval import gate
    from pytest_llmeval.gate.arm_rounds import looks_of
    from pytest_llmeval.gate.arms import pairs_of

    variants = {variant.name: variant for variant in session.plan.variants}
    if len(variants) < 2:  # noqa: PLR2004 - it takes two
        raise UsageError(
            f"session {session.id!r} has no two variants to compare",
            hint="run pytest with --llmeval-model=A,B, or with llmeval_variants in the ini",
        )
    if reference is not None and reference not in variants:
        raise UsageError(f"no variant is called {reference!r}", found=f"there are {', '.join(variants)}")
    arms = sorted(variants, key=lambda name: name != reference) if reference else list(variants)
    lines = gate.lines_of(session.id, session.results)
    rounds = session.settings.get("rounds", [])
    n_done = rounds.index(session.settings["trials"]) + 1 if rounds else 0
    looks = looks_of(pairs_of(arms, lines, every_pair=every_pair), variants, rounds, n_done) if rounds else ()
    return gate.compare_arms(arms, lines, session.results, every_pair=every_pair, looks=looks)


def _run(found: project.Project, arguments: argparse.Namespace) -> None:
    """Run the rounds; each brings along the answers of those before it."""
    from pytest_llmeval.gate.arm_rounds import next_look

    trials: int | None = arguments.rounds[0]
    n_done = 0
    while trials is not None:
        n_done += 1
        session = _round(found, arguments, trials)
        contest = contest_of(session, reference=arguments.reference, every_pair=arguments.every_pair)
        trials, why = next_look(contest, arguments.rounds, n_done)
        say(f"round {n_done} of {len(arguments.rounds)}: {why}")
    _say(session, contest)


def _round(found: project.Project, arguments: argparse.Namespace, trials: int) -> Session:
    """Run pytest once, and return the session that it leaves."""
    from pytest_llmeval.gather import session_file

    # Never "python -m pytest" as it is: that would put the current folder on the path of imports, as `pytest` does not.
    command = [sys.executable, "-P", "-m", "pytest", f"--rootdir={found.root}", "--llmeval-gate=off"]
    # Answers that were asked anew would be no part of the looks that were planned.
    command += ["--llmeval-cache=auto", "--llmeval-baseline-update=", f"--llmeval-trials={trials}"]
    command += shlex.split(arguments.pytest_args)
    path = found.session_file(None)
    before = _head(path)
    say("running " + shlex.join(["pytest", *command[4:]]))
    sys.stdout.flush()
    environment = {**os.environ, ROUNDS: ",".join(map(str, arguments.rounds))}
    status = subprocess.run(command, cwd=found.root, env=environment, check=False).returncode  # noqa: S603 - ourselves
    if status not in _RAN or _head(path) in (b"", before):
        raise LlmevalError(
            "the variants were not compared",
            found=f"pytest ended with exit status {status}",
            hint="see its output above",
        )
    return session_file.read(path)


def _head(path: Path) -> bytes:
    """Return what tells the newest session from an older one: the line that holds its id."""
    try:
        with path.open("rb") as file:
            return file.readline()
    except OSError:
        return b""


def _say(session: Session, contest: Contest) -> None:
    from pytest_llmeval.exports.arm_table import HEADS, rows

    say(f"session {session.id}", *(inert(sentence, limit=_SENTENCE) for sentence in contest.sentences), "")
    say_table(HEADS, rows(contest))


def _rounds(said: str) -> tuple[int, ...]:
    parts = said.split(",")
    if all(part.isascii() and part.isdigit() and int(part) for part in parts):
        found = tuple(map(int, parts))
        if found == tuple(sorted(set(found))):
            return found
    raise argparse.ArgumentTypeError(f"{said!r} is no list of ascending whole numbers, such as 2,4,8")
