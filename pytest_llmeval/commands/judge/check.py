"""``llmeval judge check``: a metric against people's labels."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.agreement.measuring import Item, measure
from pytest_llmeval.commands import project
from pytest_llmeval.commands.judge import arguments as args
from pytest_llmeval.commands.judge.asking import scored
from pytest_llmeval.commands.judge.proposal import say_proposal
from pytest_llmeval.commands.judge.report import Finding, say_agreement
from pytest_llmeval.commands.judge.suite_rate import say_suite_rate
from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.commands.sessions import everywhere
from pytest_llmeval.datasets import labels as label_file
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports import wording
from pytest_llmeval.records import digest
from pytest_llmeval.records.label import RANDOM, stand
from pytest_llmeval.store import calibration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmeval.commands.judge.arguments import Asked, Commands
    from pytest_llmeval.records import Json
    from pytest_llmeval.records.agreement import Agreement
    from pytest_llmeval.records.label import Label

_CHECK = """\
Measure how far a metric agrees with people: every labelled answer is scored by it, and the scores are set against the
labels. Any metric: offline, declared in conftest.py, or a judge's. What is found is stored in the folder `calibration`,
beside the version of the metric (of a judge: its fingerprint), and belongs in git. A judged score whose version is not
there is shown as uncalibrated.

A label is a line of JSON, one judgement of one person (llmeval label next asks for them):
  {"metric": "relevance", "input": "...", "output": "...", "label": 1, "who": "anna"}
label: 0 (bad) to 1 (good); of a pair (with "other") "output", "other" or "tie". Also: expected, context, rubric (a
criterion in plain words), when, why, picked, and session, test, case, trial, origin of the answer."""

_EXAMPLES = """\
examples:
  llmeval judge check labels.jsonl
  llmeval judge check labels.jsonl --metric relevance --judge openai/gpt-4o
  llmeval judge check labels.jsonl --rubric 'It names the deadline, and does not blame the customer.'"""


def declare(group: Commands) -> None:
    """Add the verb."""
    parser = group.add_parser(
        "check",
        help="measure how far a metric agrees with people",
        description=_CHECK,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("labels", metavar="LABELS", help="a file of labels")
    args.add_metric(parser)
    parser.add_argument("--threshold", metavar="X", type=_share, help="pass mark (default: the check's own)")
    parser.add_argument("--good-from", metavar="X", type=_share, default=0.5, help="least label that is good (0.5)")
    parser.add_argument(
        "--session",
        metavar="ID",
        nargs="?",
        const="",
        help="say what people would say of all answers of a session, of any machine (default: this machine's newest)",
    )
    parser.add_argument("--all", action="store_true", help="print every disagreement, not the first five")
    parser.add_argument("--no-store", action="store_true", help="print only")
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.add_argument("options", nargs="*", metavar="-- ARGUMENT", help="of pytest")
    parser.set_defaults(run=check)


def check(arguments: argparse.Namespace) -> None:
    """Measure, say and store."""
    found = project.find(arguments.rootdir)
    path = Path(arguments.labels)
    labels = _standing(list(label_file.read(path, shown(path))))
    named = _criteria(labels)
    # Whether there is such a session is known before a judge is paid.
    session = None if arguments.session is None else everywhere.read(found, arguments.session)
    for asked in args.asked(arguments, named):
        answers = _by_answer((place, label) for place, label in labels if label.metric in ("", asked.metric))
        if not answers:
            raise UsageError(
                f"no label is about {asked.metric!r}",
                found=f"{len(labels)} labels in {shown(path)}, about {', '.join(sorted(named)) or 'nothing'}",
                hint="--metric says which labels are meant",
            )
        checks = scored(found, asked, [_answer(one[0][1]) for one in answers], arguments.options)
        findings = [
            Finding(
                one[0][0],
                Item(tuple(label.value for _, label in one), check.value, is_pair=asked.metric == args.OF_PAIRS),
                check,
                _picked(label.picked for _, label in one),
            )
            for one, check in zip(answers, checks, strict=True)
        ]
        agreement = _measured(asked, answers, findings, arguments)
        say("")
        say_agreement(agreement, findings, is_whole=arguments.all)
        say_proposal(found, asked, agreement, findings, arguments.threshold)
        if session is not None:
            say_suite_rate(session, agreement, findings)
        if not (agreement.n_good and agreement.n_bad):
            say("not stored: it takes scored answers of both kinds, good and bad, to know a metric")
        elif not arguments.no_store:
            stored = calibration.write(found.root / found.value("calibration"), agreement)
            say(f"stored in {shown(stored)}; commit it")


def _standing(labels: list[tuple[str, Label]]) -> list[tuple[str, Label]]:
    """Leave out what the same person has said otherwise since."""
    found = [one for one, stands in zip(labels, stand([label for _, label in labels]), strict=True) if stands]
    if n_old := len(labels) - len(found):
        say(f"{wording.count(n_old, 'label')} left out, which the same person has changed since")
    return found


def _picked(ways: Iterable[str]) -> str:
    """Return how an answer came to be labelled: at random if anybody's was, else unknown if anybody's is."""
    found = set(ways)
    return RANDOM if RANDOM in found else "" if "" in found else found.pop()


def _criteria(labels: list[tuple[str, Label]]) -> dict[str, str]:
    """Return the metrics that labels name, each with its criterion in plain words, where labels state one.

    Raises:
        UsageError: two labels of one metric state different ones.
    """
    known: dict[str, tuple[str, str]] = {}
    for place, label in labels:
        if not (label.metric or label.rubric):
            continue
        name = label.metric or "rubric"
        first = known.setdefault(name, (place, label.rubric))
        if first[1] != label.rubric:
            raise UsageError(
                f"{first[0]} and {place} have one metric, {name!r}, and two criteria",
                found=f"{first[1]!r:.60} and {label.rubric!r:.60}",
                hint="give one of them another name, or say --rubric",
            )
    return {name: criterion for name, (_, criterion) in known.items()}


def _by_answer(labels: Iterable[tuple[str, Label]]) -> list[list[tuple[str, Label]]]:
    """Put the labels of one answer together, whoever gave them, in the order of the file."""
    found: dict[str, list[tuple[str, Label]]] = {}
    for place, label in labels:
        found.setdefault(digest(_answer(label)), []).append((place, label))
    return list(found.values())


def _answer(label: Label) -> dict[str, Json]:
    said: dict[str, Json] = {"input": label.input, "output": label.output, "expected": label.expected}
    said |= {"context": label.context, "other": label.other, **label.data}
    return {name: value for name, value in said.items() if value is not None}


def _measured(
    asked: Asked,
    answers: Sequence[Sequence[tuple[str, Label]]],
    findings: Sequence[Finding],
    arguments: argparse.Namespace,
) -> Agreement:
    checks = [found.check for found in findings]
    versions = {check.score.version for check in checks if check.value is not None}
    if len(versions) > 1:
        raise UsageError(f"{asked.metric!r} has {len(versions)} versions at once", found=", ".join(sorted(versions)))
    said = sorted([digest(_answer(label)), label.value, label.who] for one in answers for _, label in one)
    return measure(
        [found.item for found in findings],
        metric=asked.metric,
        version=versions.pop() if versions else checks[0].score.version,
        labels=digest(said)[:16],
        good_from=arguments.good_from,
        threshold=checks[0].threshold if arguments.threshold is None else arguments.threshold,
        judges=tuple(sorted({judge for check in checks for judge in check.score.judges})),
        measured_on=datetime.now(tz=UTC).date().isoformat(),
    )


def _share(said: str) -> float:
    try:
        value = float(said)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{said!r} is no number from 0 to 1")
    return value
