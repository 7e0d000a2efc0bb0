"""``llmeval label import``: what experts said in MLflow, as labels of the answers that they saw."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.label import arguments as args
from pytest_llmeval.commands.label.answered import Answered
from pytest_llmeval.commands.label.values import READ, scale_of, value_of
from pytest_llmeval.commands.output import inert, say, shown
from pytest_llmeval.commands.parser import add_verb
from pytest_llmeval.datasets import labels
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports import wording
from pytest_llmeval.options.settings import below

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_llmeval.commands.parser import Commands
    from pytest_llmeval.exports.mlflow_feedback import Assessed
    from pytest_llmeval.records import Json
    from pytest_llmeval.records.label import Label

_IMPORT = """\
Fetch what people said in MLflow (a Review queue, thumbs and comments beside a trace, corrections of a score) of the
traces that --llmeval-mlflow-traces wrote, and write it as labels. A question is about the metric of its name. What is
there already is not written twice; what an expert has changed since is written again, and the later label counts."""

_EXAMPLES = """\
examples:
  llmeval label import
  llmeval label import --uri https://mlflow.example.com --name 'Is it polite?=politeness'"""
_MOST = 5
# MLflow's own names of what an answer should have been.
_EXPECTED = ("expected_response", "expected_facts")


def declare(group: Commands) -> None:
    """Add the verb."""
    parser = add_verb(
        group, "import", help="fetch experts' labels from MLflow", description=_IMPORT, run=import_, epilog=_EXAMPLES
    )
    parser.add_argument("--uri", metavar="URI", help="MLflow's tracking URI (default: llmeval_mlflow)")
    parser.add_argument("--experiment", metavar="NAME", default="llmeval", help="of MLflow (llmeval)")
    parser.add_argument(
        "--name",
        metavar="QUESTION=METRIC",
        type=_pair,
        action="append",
        default=[],
        help="what a question of another name is about",
    )
    parser.add_argument("--scale", metavar="LOW-HIGH", type=_scale, help="of numbers (default: as the question says)")
    args.add_labels(parser)


def import_(arguments: argparse.Namespace) -> None:
    """Fetch, match, write, and name what is left out."""
    from pytest_llmeval.exports.mlflow_feedback import tracker

    found = project.find(arguments.rootdir)
    uri = arguments.uri or found.value("mlflow")
    if not uri:
        raise UsageError("nobody says where MLflow is", found="no --uri, and llmeval_mlflow is not set")
    path = args.label_file(found, arguments.labels)
    known = {_mark(label) for label in args.known(path)}
    left: Counter[str] = Counter()
    n_new = n_known = 0
    with tracker(below(found.root, uri), arguments.experiment) as (mlflow, folder):
        said = mlflow.assessed()
        scales = _scales(said, mlflow.scales(), arguments.scale)
        answered = Answered(found, dict(arguments.name), lambda run_id: mlflow.session_file(run_id, folder))
        # What an answer should have been is part of the labels of that answer, whenever it was said.
        for one in sorted(said, key=lambda one: not one.is_expectation):
            label = _label(one, answered, scales, left)
            if label is None:
                continue
            if _mark(label) in known:
                n_known += 1
                continue
            known.add(_mark(label))
            labels.append(path, label)
            n_new += 1
    say(f"{wording.count(n_new, 'label')} written to {shown(path)}, {n_known} known already")
    if left:
        say(f"{wording.count(left.total(), 'assessment')} left out:")
        for why, n in left.most_common(_MOST):
            say(f"  {n} {inert(why, limit=1000)}")
        if len(left) > _MOST:
            say(f"  and {len(left) - _MOST} more kinds")


def _label(
    one: Assessed, answered: Answered, scales: Mapping[str, tuple[float, float] | None], left: Counter[str]
) -> Label | None:
    """Return what one assessment says; None where it is no label, and why is counted."""
    if one.is_expectation:
        if one.name not in _EXPECTED:
            left[f"{one.name!r}: an expectation is read if it is named {' or '.join(_EXPECTED)}"] += 1
        else:
            answered.expect(one, one.value)
        return None
    value = value_of(one.value, scales[one.name])
    if value is None:
        left[f"{one.name!r} = {one.value!r}: no value that can be read ({READ})"] += 1
        return None
    draft = answered.draft(one)
    if isinstance(draft, str):
        left[draft] += 1
        return None
    when = datetime.fromtimestamp(one.at_ms / 1000, tz=UTC).isoformat(timespec="milliseconds")
    return replace(draft, value=value, who=one.who, when=when.replace("+00:00", "Z"), why=one.why)


def _scales(
    said: Iterable[Assessed], of_questions: Mapping[str, tuple[float, float]], given: tuple[float, float] | None
) -> dict[str, tuple[float, float] | None]:
    values: dict[str, list[Json]] = defaultdict(list)
    for one in said:
        values[one.name].append(one.value)
    return {name: given or of_questions.get(name) or scale_of(those) for name, those in values.items()}


def _mark(label: Label) -> tuple[Json, ...]:
    """Return what makes two labels one: what was said, of what, by whom and when."""
    return label.who, label.subject, label.when, label.value, label.why


def _pair(said: str) -> tuple[str, str]:
    question, equals, metric = said.rpartition("=")
    if not (equals and question and metric):
        raise argparse.ArgumentTypeError(f"{said!r} is no QUESTION=METRIC")
    return question, metric


def _scale(said: str) -> tuple[float, float]:
    low, dash, high = said.partition("-")
    try:
        scale = float(low), float(high)
    except ValueError:
        scale = 0.0, 0.0
    if not dash or not scale[0] < scale[1]:
        raise argparse.ArgumentTypeError(f"{said!r} is no scale, such as 1-5")
    return scale
