"""``llmeval dataset``: look at files of cases before a test takes them, rewrite them, and derive others."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval import datasets
from pytest_llmeval.commands import perturb as perturbing
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmeval.datasets import DatasetFile
    from pytest_llmeval.records import Case

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

_FILE_HELP = """\
FILE is a path or a pattern, as in @pytest.mark.llmeval(cases="FILE"): JSON Lines, JSON, CSV, TSV, YAML or Parquet, with
the fields of llmeval, deepeval, promptfoo, inspect, openai (evals) or pydantic_evals. Where a file does not show whose
fields it has, say it: promptfoo:tests.csv"""

_CHECK = """\
Read files of cases as a test would, and say what is in them: how many cases, which tags, which other fields, and a
fingerprint that stays the same when only white space, order or the format changes. All problems are listed, each with
its file, line and field. Exit status: 0, or 4 if there are any."""

_CONVERT = """\
Write the cases of files as JSON Lines with the fields of llmeval, to standard output or into a file. Nothing is written
unless all cases can be read."""

_MOST_PROBLEMS = 20
_ERROR = 4


def declare(commands: Commands) -> None:
    """Add ``dataset`` and its own subcommands."""
    group = commands.add_parser("dataset", help="check and convert files of cases", description=_FILE_HELP)
    group.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, help_, description, run in (
        ("check", "say what is in files of cases, and what is wrong", _CHECK, check),
        ("convert", "write cases as JSON Lines", _CONVERT, convert),
        ("perturb", "write cases in other clothes, or other words", perturbing.DESCRIPTION, perturb),
    ):
        parser = verbs.add_parser(
            name,
            help=help_,
            description=description,
            epilog=_FILE_HELP,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        parser.add_argument("files", nargs="+", metavar="FILE", help="of cases")
        parser.set_defaults(run=run)
        if run is convert:
            parser.add_argument("--output", metavar="PATH", help="write to this file (default: standard output)")
            parser.add_argument("--force", action="store_true", help="replace the file if it exists")
        if run is perturb:
            perturbing.add_arguments(parser)


def check(arguments: argparse.Namespace) -> int:
    """Print what is in the files, and every problem."""
    found = _Check()
    for file in _files(arguments):
        found.take(file)
    found.say()
    return _ERROR if found.problems else 0


def convert(arguments: argparse.Namespace) -> None:
    """Write the cases as JSON Lines."""
    placed = (
        (place, datasets.case_at(row, place, file)) for file in _files(arguments) for place, row in datasets.rows(file)
    )
    cases = datasets.unique(placed)
    text = "".join(f"{datasets.as_line(case)}\n" for case in cases)
    if arguments.output is None:
        # A file's bytes, whatever standard output is set to.
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8"))
        return
    _write(Path(arguments.output), text.encode("utf-8"), may_replace=arguments.force)
    say(f"wrote {_count(len(cases), 'case')} to {inert(arguments.output)}")


def perturb(arguments: argparse.Namespace) -> None:
    """Write the cases that are derived from others."""
    path = Path(arguments.output)
    _refuse_to_replace(path, may_replace=arguments.force)  # before anybody is asked
    text, n = perturbing.written(arguments)
    _write(path, text.encode("utf-8"), may_replace=arguments.force)
    say(f"wrote {_count(n, 'case')} to {inert(arguments.output)}: read them, then commit them")


def _files(arguments: argparse.Namespace) -> Iterator[DatasetFile]:
    for named in arguments.files:
        yield from datasets.find(named, beside=Path())


def _write(path: Path, data: bytes, *, may_replace: bool) -> None:
    _refuse_to_replace(path, may_replace=may_replace)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _refuse_to_replace(path: Path, *, may_replace: bool) -> None:
    if path.exists() and not may_replace:
        raise UsageError(f"--output={str(path)!r} exists", hint="give another name, or --force")


class _Check:
    """What is found in files of cases.

    Attributes:
        problems: what is wrong, each as it is said.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._files: list[tuple[str, ...]] = []
        self._cases: dict[str, tuple[str, Case]] = {}
        self._by_input: dict[str, str] = {}
        self._same_input: list[str] = []

    def take(self, file: DatasetFile) -> None:
        """Read a file to its end, whatever is in it."""
        shapes: Counter[str] = Counter()
        try:
            for place, row in datasets.rows(file):
                try:
                    case = datasets.case_at(row, place, file)
                    shapes[datasets.shape_at(row, place, file)] += 1
                except UsageError as error:
                    self.problems.append(str(error))
                else:
                    self._keep(place, case)
        except UsageError as error:  # the rest of the file cannot be read
            self.problems.append(str(error))
        whose = ", ".join(name if len(shapes) == 1 else f"{name} ({n})" for name, n in shapes.most_common())
        self._files.append((file.shown, file.format.name, whose or "-", str(shapes.total())))

    def _keep(self, place: str, case: Case) -> None:
        if case.id in self._cases:
            self.problems.append(f"{self._cases[case.id][0]} and {place} have one id, {case.id!r}")
            return
        self._cases[case.id] = place, case
        first = self._by_input.setdefault(digest(case.input), place)
        if first != place:
            self._same_input.append(f"{first} and {place}")

    def say(self) -> None:
        """Print it."""
        cases = [case for _, case in self._cases.values()]
        say_table(("file", "format", "fields of", "cases"), self._files)
        tags = Counter(tag for case in cases for tag in dict.fromkeys(case.tags))
        if tags:
            say("")
            say_table(("tag", "cases"), [(tag, str(n)) for tag, n in sorted(tags.items())])
        say("", *self._notes(cases))
        for problem in self.problems[:_MOST_PROBLEMS]:
            what, *rest = problem.splitlines()
            say(f"problem: {inert(what, limit=1000)}", *(f"  {inert(line, limit=1000)}" for line in rest))
        more = len(self.problems) - _MOST_PROBLEMS
        if more > 0:
            say(f"and {_count(more, 'problem')} more")

    def _notes(self, cases: list[Case]) -> Iterator[str]:
        parts = {
            "expected": sum(case.expected is not None for case in cases),
            "context": sum(case.context is not None for case in cases),
        }
        other = Counter(name for case in cases for name in case.data)
        fields = [f"{name} ({n})" for name, n in [*parts.items(), *sorted(other.items())] if n]
        if fields:
            yield "beside input: " + inert(", ".join(fields), limit=1000)
        if self._same_input:
            first = inert(self._same_input[0])
            yield f"same input under another id: {_count(len(self._same_input), 'case')}, first {first}"
        yield f"{_count(len(cases), 'case')}, {_count(len(self.problems), 'problem')}"
        if cases and not self.problems:
            yield f"fingerprint: {datasets.fingerprint(cases)}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'s' * (n != 1)}"
