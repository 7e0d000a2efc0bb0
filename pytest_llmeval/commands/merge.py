"""``llmeval merge``: the shards of a session made one, proven whole, judged once, and told to whoever is to hear of it.

It runs no test and imports nothing of the project, so it may have the keys of trackers that a test must not see.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import inert, say, shown
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.ending.base import Base
    from pytest_llmeval.ending.concluding import Conclusion
    from pytest_llmeval.ending.exit_status import Decision
    from pytest_llmeval.gather.merging import Chosen
    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.records import Rules

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

_DESCRIPTION = """\
Make one session of the files that `pytest --llmeval-shard=I/N` left on N machines. All N must be there, of one commit,
with the same settings, versions and tests; what is missing is named, test by test, and there is no verdict (exit status
6). Of a shard that ran twice the last complete file counts.

The session is judged as if one machine had run it: against the same baseline, by the settings that the shards ran
with, with the exit status that pytest would have had. It is stored as the newest one, so that `llmeval baseline
accept`, `llmeval comment` and all other commands find it. Reports, MLflow and Pushgateway are those of the options
below, else of environment and ini, as pytest has them."""

_EXAMPLES = """\
examples:
  llmeval merge shards/*/session.jsonl
  llmeval merge shards/*.jsonl --report md:llmeval.md --report junit:llmeval.xml --mlflow https://mlflow.example.com"""

_OPTIONS = {
    "report": "a report, as of --llmeval-report; repeatable",
    "mlflow": "record the session to MLflow",
    "mlflow_traces": "cases that MLflow gets whole",
    "pushgateway": "push the summary",
    "baseline": "folder of the baseline, or @NAME (default: what the shards compared with)",
}
_SHOWN_DIGITS = 12


def declare(commands: Commands) -> None:
    """Add ``merge``."""
    from pytest_llmeval.options.table import OPTIONS

    parser = commands.add_parser(
        "merge",
        help="make one session of the shards of several machines, and decide",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="session files of shards")
    parser.add_argument("--output", metavar="PATH", help="write the merged session there as well")
    parser.add_argument("-v", "--verbose", action="store_true", help="name everything, as pytest -v does")
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    for option in OPTIONS:
        if option.name in _OPTIONS:
            parser.add_argument(
                "--" + option.name.replace("_", "-"),
                metavar=option.metavar,
                action="append" if option.is_repeatable else "store",
                help=_OPTIONS[option.name],
            )
    parser.set_defaults(run=merge)


def merge(arguments: argparse.Namespace) -> int:
    """Merge, judge and conclude; return the exit status that pytest would have had."""
    from pytest_llmeval import gate
    from pytest_llmeval.ending import concluding, exit_status, judging
    from pytest_llmeval.ending.grounds import Ground
    from pytest_llmeval.gather import merging, session_file

    found = project.find(arguments.rootdir)
    chosen = merging.choose(session_file.read(Path(file)) for file in arguments.files)
    record = merging.merged(chosen)
    shards = [merging.shard_of(session) for session in chosen.shards.values()]
    settings = _settings(found, arguments, shards[0].rules)
    started_s = datetime.fromisoformat(record.started_at).timestamp()
    base = _base(settings, shards[0].rules, started_s)
    grounds = Ground(settings, base=base, is_fork=shards[0].rules.is_fork, started_s=started_s)
    lines, said = gate.lines_of(record.id, record.results), list[str]()
    record = judging.judge(record, grounds, lines, tell=said.append)
    decision = exit_status.decide(
        settings,
        record,
        # A shard that was broken off by pytest itself has lost tests, and those decide.
        status=max(int(shard.status == 1) for shard in shards),
        n_failed=sum(shard.n_failed for shard in shards),
    )
    ended = concluding.conclude(record, grounds, lines, _with_faults(chosen, decision))
    _show(chosen, ended, said, verbose=arguments.verbose)
    if arguments.output and ended.path is not None:
        _copy(ended.path, Path(arguments.output))
    return ended.decision.status


class _Source:
    """Where the options of the merge come from: its own flags, and the project's ini file."""

    def __init__(self, found: project.Project, arguments: argparse.Namespace) -> None:
        self.rootpath = found.root
        self._values = found.values
        said = {f"--llmeval-{name.replace('_', '-')}": getattr(arguments, name) for name in _OPTIONS}
        self._flags = said | {"--llmeval-baseline": None}

    def getoption(self, name: str, /, default: Any) -> Any:  # noqa: ANN401 - as pytest has it
        """Return what a flag says."""
        return self._flags.get(name, default)

    def getini(self, name: str, /) -> str | None:
        """Return what the ini file says."""
        from pytest_llmeval.options.ini_file import as_text

        return as_text(self._values[name]) if name in self._values else None


def _settings(found: project.Project, arguments: argparse.Namespace, rules: Rules) -> Settings:
    """Return what the merge is asked to do: what decides is the shards' word, what hears of it its own."""
    import pytest

    from pytest_llmeval.options.settings import resolve

    try:
        settings = resolve(_Source(found, arguments))
    except pytest.UsageError as error:
        raise UsageError(str(error).removeprefix("llmeval: ")) from None
    return settings._replace(
        gate=rules.gate,
        baseline=found.baseline(arguments.baseline) if arguments.baseline else _baseline(settings, rules),
        baseline_update=rules.baseline_update,
        fail_under=tuple(rules.fail_under.items()),
        min_coverage=rules.min_coverage,
        max_age=rules.max_age,
        judges=rules.judges,
        confirm=False,
        # The page is printed, whatever else is written.
        reports=tuple(dict.fromkeys([("term", None), *settings.reports])),
        shard=None,
    )


def _baseline(settings: Settings, rules: Rules) -> Path:
    """Return the baseline that the shards name: it may be written to, and their files come from other machines.

    Raises:
        UsageError: it is outside the project, and the project's own settings do not name it.
    """
    folder = settings.root / rules.baseline
    if folder != settings.baseline and not folder.resolve().is_relative_to(settings.root.resolve()):
        raise UsageError(
            f"the shards compared with a baseline outside the project: {rules.baseline!r}",
            found=f"here it is {str(settings.baseline)!r}",
            hint="--baseline PATH, or llmeval_baseline as on the shards",
        )
    return folder


def _base(settings: Settings, rules: Rules, started_s: float) -> Base | None:
    """Find the commit that the shards were compared with, as they did, and see that it is the same.

    Raises:
        GitError: it is not in this clone.
        UsageError: it is another one here.
    """
    from pytest_llmeval.ending.base import Base, locate
    from pytest_llmeval.ending.grounds import day_of
    from pytest_llmeval.options.surroundings import FORK, surroundings

    told = surroundings(os.environ, settings.base)
    if told.is_fork != rules.is_fork:
        here, there = ("", " not") if told.is_fork else (" not", "")
        raise UsageError(
            "the shards and the merge do not agree whose branch this is",
            found=f"it is{here} of another repository here, and{there} there",
            hint=f"{FORK}={str(rules.is_fork).lower()}",
        )
    if settings.gate == "off":
        return None
    commit, name = locate(settings.root, told) or ("", "")
    if commit != rules.base:
        shown = (one[:_SHOWN_DIGITS] or "no commit" for one in (rules.base, commit))
        raise UsageError(
            "the shards were compared with another base",
            found="they with {}, the merge with {}".format(*shown),
            hint=f"LLMEVAL_BASE={rules.base}" if rules.base else "leave LLMEVAL_BASE out, or set it for the shards too",
        )
    if not commit:
        return None
    return Base(commit, name, folder=settings.baseline, today=day_of(started_s), is_fork=told.is_fork)


def _with_faults(chosen: Chosen, decision: Decision) -> Decision:
    """What a shard could not store as it was asked never ends with 0."""
    from pytest_llmeval.ending import exit_status

    for session in chosen.shards.values():
        if session.exit_status == exit_status.NO_VERDICT:
            why = session.exit_line.partition(": ")[2] or "it could not be stored"
            decision = exit_status.unstored(decision, f"{session.shard}: {why}")
    return decision


def _show(chosen: Chosen, ended: Conclusion, said: Sequence[str], *, verbose: bool) -> None:
    from pytest_llmeval.commands.sessions.show import page

    shown = replace(ended.session, exit_line=ended.decision.line)
    say(*_heading(chosen), "", *page(shown, verbose=verbose))
    if not (shown.plan.cases or shown.lost):
        say(ended.decision.line)
    for line in (*said, *ended.lines):
        if line.startswith("::"):  # for GitHub, and made for it; of all others it would see to it that they are none
            sys.stdout.write(f"{line}\n")
        else:
            say(line)


def _heading(chosen: Chosen) -> Iterator[str]:
    """Say which shards count, and which are missing."""
    first = next(iter(chosen.shards.values()))
    n_tests = sum(map(len, chosen.parts))
    commit = f" of commit {inert(first.commit[:_SHOWN_DIGITS])}" if first.commit else ""
    there = count(len(chosen.shards), "shard")
    yield f"{there} of {chosen.n_shards}{commit}, {count(n_tests, 'test')} in all"
    for session in chosen.passed_over:
        number = session.shard.number if session.shard else 0
        used = chosen.shards.get(number)
        instead = f"{inert(used.id)} counts" if used else "it does not know which tests there were"
        yield f"{session.shard} once more: {inert(session.id)} is left out, {instead}"
    for number in chosen.missing:
        n_lost = len(chosen.parts[number - 1])
        yield f"shard {number} of {chosen.n_shards} is MISSING, and {count(n_lost, 'test')} with it"


def _copy(path: Path, target: Path) -> None:
    from pytest_llmeval.exports import files

    target.parent.mkdir(parents=True, exist_ok=True)
    # Prompts and answers are in it.
    files.replace(target, path.read_bytes(), mode=0o600)
    say(f"the merged session is in {shown(target)}")
