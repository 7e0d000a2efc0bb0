"""``llmeval baseline diff``: where the last session differs from the baseline, and what the gate says of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline import arguments as args
from pytest_llmeval.commands.baseline.differences import differences
from pytest_llmeval.commands.output import inert, say

if TYPE_CHECKING:
    import argparse

_DIFF = """\
Print where the last session differs from the baseline: lines that are new, changed, edited (another input or metric
version, so never compared) or gone, then the gate's verdict. It decides nothing: its exit status is 0."""

_LONGEST_SENTENCE = 1_000


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "diff", help="print where the last session differs", description=_DIFF, run=diff)
    args.add_session(parser)


def diff(arguments: argparse.Namespace) -> None:
    """Print what differs, and the gate's verdict on all of it."""
    from pytest_llmeval import gate
    from pytest_llmeval.store import baselines

    found = project.find(arguments.rootdir)
    session = args.session_of(found, arguments)
    current = gate.lines_of(session.id, session.results)
    baseline = baselines.read(found.baseline(arguments.baseline))
    is_whole = not (session.selection or session.stopped or session.lost or session.plan.n_deselected)
    every = differences(baseline.lines, current, is_whole=is_whole)
    picked = {line.id for line in args.picked([one.line for one in every], arguments.pattern, session)}
    meant = [one for one in every if one.line.id in picked]
    args.say_differences(meant)
    counts = Counter(one.word for one in meant)
    say(", ".join(f"{n} {word}" for word, n in sorted(counts.items())) or "no lines on either side")
    verdict = gate.decide(gate.compare_all(gate.of_arms(baseline, current), current))
    sentences = (inert(sentence, limit=_LONGEST_SENTENCE) for sentence in verdict.sentences)
    say(f"verdict on the whole session {session.id}: {verdict.verdict.upper()}", *sentences)
