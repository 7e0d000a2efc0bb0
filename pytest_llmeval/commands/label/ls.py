"""``llmeval label ls``: what there is to measure with, and how far the people agree."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_llmeval.agreement import rates
from pytest_llmeval.agreement.people import Between, between
from pytest_llmeval.commands import project
from pytest_llmeval.commands.label import arguments as args
from pytest_llmeval.commands.output import inert, say, say_table, shown
from pytest_llmeval.commands.parser import add_verb
from pytest_llmeval.exports import wording
from pytest_llmeval.records.label import PICKED, Label, standing

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.commands.parser import Commands
    from pytest_llmeval.records.agreement import Range

_LS = """\
Count the labels by metric and person, and say how far people agree where two have labelled the same answer."""
_GOOD_FROM = 0.5
COLUMNS = ("metric", "who", "labels", "good", "bad", "picked", "last")
"""Of ``rows``."""


def declare(group: Commands) -> None:
    """Add the verb."""
    parser = add_verb(group, "ls", help="count labels, by metric and person", description=_LS, run=ls)
    args.add_labels(parser)


def ls(arguments: argparse.Namespace) -> None:
    """Print both tables."""
    path = args.label_file(project.find(arguments.rootdir), arguments.labels)
    labels = args.known(path)
    if not labels:
        say(f"{shown(path)} has no labels; to write some: llmeval label next")
        return
    counted = standing(labels)
    say_table(COLUMNS, rows(counted))
    if n_old := len(labels) - len(counted):
        say("", f"{wording.count(n_old, 'label')} more, which the same person has changed since")
    people = between(labels, _GOOD_FROM)
    say("")
    if not people:
        say("no answer is labelled by two people: how far they agree is the most that a judge can be asked for")
        return
    say_table(("metric", "people", "both labelled", "agree", "beyond chance (Gwet's AC1)"), map(_row, people))


def rows(labels: Sequence[Label]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each metric and person, of labels of which each counts; inert."""
    groups: dict[tuple[str, str], list[Label]] = defaultdict(list)
    for label in labels:
        groups[label.metric, label.who].append(label)
    for (metric, who), group in sorted(groups.items()):
        n_good = sum(label.value >= _GOOD_FROM for label in group)
        picked = {name: sum(label.picked == name for label in group) for name in (*PICKED, "")}
        told = ", ".join(f"{n} {name or 'unknown'}" for name, n in picked.items() if n)
        last = max(label.when for label in group)
        names = (inert(metric) or "any", inert(who) or "-")
        yield (*names, str(len(group)), str(n_good), str(len(group) - n_good), told, inert(last) or "-")


def _row(both: Between) -> tuple[str, ...]:
    names = inert(both.metric) or "any", f"{inert(both.first)} and {inert(both.second)}"
    return (*names, str(both.counts.n), _shown(rates.raw(both.counts)), _shown(rates.ac1(both.counts)))


def _shown(value: Range | None) -> str:
    return "-" if value is None else "{:.2f} [{:.2f}, {:.2f}]".format(*value)
