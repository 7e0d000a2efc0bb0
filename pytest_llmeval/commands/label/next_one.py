"""``llmeval label next``: one answer after the other, shown without its score; each label is written at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.agreement.queue import queue
from pytest_llmeval.commands import project
from pytest_llmeval.commands.interaction import part_lines, text_lines
from pytest_llmeval.commands.judge.arguments import OF_PAIRS
from pytest_llmeval.commands.label import arguments as args
from pytest_llmeval.commands.label.candidates import collect
from pytest_llmeval.commands.output import inert, say, shown
from pytest_llmeval.commands.parser import add_verb
from pytest_llmeval.commands.sessions.arguments import count
from pytest_llmeval.datasets import labels
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports import wording
from pytest_llmeval.records.label import DISAGREEMENT, PICKED, RANDOM

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from pytest_llmeval.agreement.queue import Candidate, Pick
    from pytest_llmeval.commands.label.candidates import Collected
    from pytest_llmeval.commands.parser import Commands

_NEXT = """\
Show answers of stored sessions, one after the other, and ask what you think of each by one metric. Its score is shown
after you have said it. Every label is written at once, so that you may stop at any time.

--by says whose turn it is:
  disagreement  where judges, metrics, trials or people do not agree, the widest first: what tells most of a judge
  threshold     the scores nearest to their threshold first: what moves it most
  random        a random sample: the only one that tells what people would say of a whole suite
                (llmeval judge check --session)"""

_EXAMPLES = """\
examples:
  llmeval label next
  llmeval label next --metric relevance --by random"""

_WORDS = {"good": 1.0, "g": 1.0, "bad": 0.0, "b": 0.0}
_OF_PAIRS = {"first": 1.0, "second": 0.0, "tie": 0.5, "1": 1.0, "2": 0.0}
_SKIP, _QUIT = ("skip", "s"), ("quit", "q")


def declare(group: Commands) -> None:
    """Add the verb."""
    parser = add_verb(group, "next", help="label answers", description=_NEXT, run=label_next, epilog=_EXAMPLES)
    parser.add_argument("--metric", metavar="NAME", help="only of this one")
    parser.add_argument("--by", choices=PICKED, default=DISAGREEMENT, help=f"whose turn it is ({DISAGREEMENT})")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--last", metavar="N", type=count, default=1, help="of the newest N sessions (1)")
    which.add_argument("--session", metavar="ID", default="", help="of this session, of any machine")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the random order (0)")
    args.add_person(parser)
    args.add_labels(parser)


def label_next(arguments: argparse.Namespace) -> None:
    """Ask until nothing is left, or the person has had enough."""
    found = project.find(arguments.rootdir)
    path, who = args.label_file(found, arguments.labels), args.person(found, arguments.who)
    collected = collect(found, last=arguments.last, session=arguments.session, metric=arguments.metric)
    picks = queue(collected.candidates, args.known(path), by=arguments.by, who=who, seed=arguments.seed)
    say(*_overview(collected, len(picks), arguments.by, who))
    n_labelled = 0
    try:
        for number, pick in enumerate(picks, 1):
            say("", f"{number} of {len(picks)}", *_lines(pick.candidate))
            value = _asked_value(is_pair=pick.candidate.draft.metric == OF_PAIRS)
            if value is None:
                continue
            # Bytes that are no text come as lone surrogates in some locales: no file of text can hold them.
            why = input("why? (may be empty) ").strip().encode("utf-8", "replace").decode()
            labels.append(path, pick.label(value, who=who, when=args.now(), why=why))
            n_labelled += 1
            say("", *_after(pick))
    except (EOFError, KeyboardInterrupt):
        say("")
    except UnicodeDecodeError as error:
        raise UsageError("what was typed cannot be read", found=str(error), hint="set the locale to UTF-8") from None
    say(f"{wording.count(n_labelled, 'label')} written to {shown(path)}")
    if n_labelled:
        say(f"measure with them: llmeval judge check {shown(path)}")


def _overview(collected: Collected, n_picks: int, by: str, who: str) -> Iterator[str]:
    n_answers = wording.count(len(collected.candidates), "answer")
    yield f"{n_picks} of {n_answers} to label, {by}, by {who}"
    yield from collected.left_out()
    if not collected.candidates:
        yield "no answer is there that a person could label; another session: --last N, another metric: --metric NAME"
    elif not n_picks:
        yield "nothing is left" if by != DISAGREEMENT else f"nobody disagrees; a random sample: --by {RANDOM}"


def _lines(candidate: Candidate) -> Iterator[str]:
    draft = candidate.draft
    criterion = f": {inert(draft.rubric, limit=2_000)}" if draft.rubric else ""
    trial = "" if draft.judged.trial is None else f", trial {draft.judged.trial + 1}"
    yield f"by {inert(draft.metric)}{criterion}"
    yield f"  {inert(str(candidate.check.case_id))}{trial}"
    for message in candidate.messages:
        yield from part_lines(inert(str(message.get("role", "message"))), message.get("content"))
    if not candidate.messages and draft.input is not None:
        yield from part_lines("asked", draft.input)
    for name, value in (("reference", draft.expected), ("source", draft.context), *draft.data.items()):
        if value is not None:
            yield from part_lines(inert(name), value)
    yield "ANSWER:" if draft.other is None else "FIRST ANSWER:"
    yield from text_lines(draft.output)
    if draft.other is not None:
        yield "SECOND ANSWER:"
        yield from text_lines(draft.other)


def _asked_value(*, is_pair: bool) -> float | None:
    """Ask until it is said; None is skipped.

    Raises:
        EOFError: the person stops.
    """
    words = _OF_PAIRS if is_pair else _WORDS
    asked = "which is better: first, second, tie" if is_pair else "good, bad, a number from 0 to 1"
    while True:
        said = input(f"{asked}, skip or quit? ").strip().lower()
        if said in _QUIT:
            raise EOFError
        if said in _SKIP:
            return None
        if said in words:
            return words[said]
        value = -1.0 if is_pair else _number(said)
        if 0.0 <= value <= 1.0:
            return value


def _number(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        return -1.0


def _after(pick: Pick) -> Iterator[str]:
    one = pick.candidate
    mark = "" if one.threshold is None else f", threshold {one.threshold:g}"
    yield f"the score is {'unscored' if one.score is None else f'{one.score:.2f}'}{mark}: {inert(one.reason)}"
    if pick.why:
        yield f"picked because {inert(pick.why)}"
