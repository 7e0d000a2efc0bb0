"""``llmeval sessions compare``: two sessions, case by case, with what was answered in each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline.differences import columns, differences, matches, mean, rows
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.commands.sessions import arguments as args
from pytest_llmeval.commands.sessions import everywhere
from pytest_llmeval.exports.word_diff import word_diff
from pytest_llmeval.gather import session_file, session_folder
from pytest_llmeval.records import Baseline, tally

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.commands.baseline.differences import Difference
    from pytest_llmeval.records import CheckId, Session

_COMPARE = """\
Print where the second session differs from the first: lines that are new, changed, edited or gone, the largest fall
first, then what was answered in each, by words, then what the gate would say if the first were the baseline. It decides
nothing. Two models, two prompts and two branches are compared alike."""

_LONGEST_SENTENCE = 1_000
_MOST_DIFFS = 10


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(
        group,
        "compare",
        help="set two sessions against each other",
        description=_COMPARE,
        run=compare,
        epilog=args.ID_HELP,
    )
    parser.add_argument("first", metavar="ID", nargs="?", default="~1", help="(default: the last but one)")
    parser.add_argument("second", metavar="ID", nargs="?", default="", help="(default: the newest)")
    parser.add_argument("--case", metavar="PATTERN", help='only cases, or "test[case] metric", that it picks')
    parser.add_argument("--all", action="store_true", help="the answers of all lines that changed, not of ten")


def compare(arguments: argparse.Namespace) -> None:
    """Print what differs, the answers, and the gate's word."""
    from pytest_llmeval import gate

    folder = everywhere.folder(project.find(arguments.rootdir), arguments.first, arguments.second)
    old, new = (session_file.read(session_folder.pick(folder, said)) for said in (arguments.first, arguments.second))
    before = {line.id: line for line in gate.lines_of(old.id, old.results)}
    current = gate.lines_of(new.id, new.results)
    nodeids = {result.id: result.nodeid for result in (*old.results, *new.results)}
    every = differences(before, current, is_whole=not new.is_partial)
    meant = [one for one in every if matches(one.line, arguments.case, nodeids)]
    meant.sort(key=_fall)
    say(f"{_named(old)} -> {_named(new)}", "")
    notable = [one for one in meant if one.word != "same"]
    if notable:
        say_table(columns("first", "second"), rows(notable))
        say("")
    counts = Counter(one.word for one in meant)
    say(", ".join(f"{n} {word}" for word, n in sorted(counts.items())) or "no lines on either side")
    _say_answers([one for one in notable if one.old and one.new], old, new, most=None if arguments.all else _MOST_DIFFS)
    verdict = gate.decide(gate.compare_all(Baseline(lines=before), current))
    sentences = (inert(sentence, limit=_LONGEST_SENTENCE) for sentence in verdict.sentences)
    say("", f"if the first were the baseline (called main here): {verdict.verdict.upper()}", *sentences)


def _fall(one: Difference) -> tuple[float, CheckId]:
    before, now = mean(one.old), mean(one.new)
    return (0.0 if before is None or now is None else now - before), one.line.id


def _named(session: Session) -> str:
    where = f" ({session.branch} {session.commit[:8]})" if session.commit else ""
    return inert(f"{session.id}{where}")


def _say_answers(changed: Sequence[Difference], old: Session, new: Session, *, most: int | None) -> None:
    before, now = _outputs(old), _outputs(new)
    found = [(one.line.id, word_diff(before.get(one.line.id, ""), now.get(one.line.id, ""))) for one in changed]
    # Several metrics judge one answer: it is told once.
    told = list(
        dict.fromkeys(
            (f"{id_.case_id} @{id_.arm}" if id_.arm else str(id_.case_id), text) for id_, text in found if text
        )
    )
    for name, text in told[:most]:
        say("", inert(name), f"    {text}")
    if most is not None and len(told) > most:
        say("", f"{len(told) - most} more answers differ (--all)")


def _outputs(session: Session) -> Mapping[CheckId, str]:
    """Return what the lowest-scored trial of each line answered."""
    return dict(_worst_outputs(session))


def _worst_outputs(session: Session) -> Iterator[tuple[CheckId, str]]:
    for result in session.results:
        for found in tally(*result.id, result.trials, result.checks, arm=result.arm):
            yield found.id, found.worst.output
