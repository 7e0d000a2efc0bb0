"""``llmeval compare``: the variants of a session set against each other, once more or in rounds until it is decided."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.commands.running import run_pytest
from pytest_llmeval.errors import LlmevalError, UsageError
from pytest_llmeval.options import LOOKS

if TYPE_CHECKING:
    from pytest_llmeval.records import Contest, Session

_DESCRIPTION = """\
Say which of several variants (models, prompts) is better, by the last session that ran them, without a call.

With --run, run pytest in rounds: every case once more in every variant, until each comparison is decided or the last
round is done. Earlier trials are replayed. Looking after every round is paid for in the level of each: equal variants
are told apart by mistake in at most 1 of 20 comparisons, however early it stops."""

_EXAMPLES = """\
examples:
  llmeval compare --every-pair
  llmeval compare --run --rounds 2,4,8 -- --llmeval-model=openai/gpt-4o,openai/gpt-4o-mini"""

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
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.add_argument("arguments", nargs="*", metavar="-- ARGUMENT", help="of pytest, with --run")
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
    from pytest_llmeval.gate.summary import of_first_pass

    variants = {variant.name: variant for variant in session.plan.variants}
    if len(variants) < 2:  # noqa: PLR2004 - it takes two
        raise UsageError(
            f"session {session.id!r} has no two variants to compare",
            hint="run pytest with --llmeval-model=A,B, or with llmeval_variants in the ini",
        )
    if reference is not None and reference not in variants:
        raise UsageError(f"no variant is called {reference!r}", found=f"there are {', '.join(variants)}")
    arms = sorted(variants, key=lambda name: name != reference) if reference else list(variants)
    lines = [of_first_pass(line, session.trials) for line in gate.lines_of(session.id, session.results)]
    rounds = session.settings.get("looks", [])
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
    # Answers that were asked anew would be no part of the looks that were planned.
    options = ["--llmeval-gate=off", "--llmeval-cache=auto", "--llmeval-baseline-update=", *arguments.arguments]
    looks: dict[str, str | None] = {LOOKS: ",".join(map(str, arguments.rounds))}
    ran = run_pytest(
        found, [*options, f"--llmeval-trials={trials}"], written=found.session_file(None), environment=looks
    )
    if ran.session is None:
        raise LlmevalError(
            "the variants were not compared",
            found=f"pytest ended with exit status {ran.status}",
            hint="see its output above",
        )
    return ran.session


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
