"""``llmeval baseline prune``: take out what belongs to no test any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.commands import project
from pytest_llmeval.commands.baseline import arguments as args
from pytest_llmeval.commands.baseline.differences import standing
from pytest_llmeval.commands.baseline.stale import refuse_stale
from pytest_llmeval.commands.output import inert, say, say_table, shown
from pytest_llmeval.errors import BaselineError
from pytest_llmeval.store import baseline_doctor, baseline_folder, baselines, named_recordings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_llmeval.records import CaseResult, CheckId, Line, Session

_PRUNE = """\
Take out the lines whose test, case or check is gone, as the last session shows: it must have run everything, to its
end, on the code that stands here. Nothing is changed without --yes.

It also says which recordings no baseline names any more. With --recordings those of them that the session did not use
either are taken out, too. A recording that any baseline names stays: it is what a score stands on."""


class Found(NamedTuple):
    """What may go.

    Args:
        gone: for each line that belongs to no check any more, why.
        unneeded: for each file of recordings, the origins that nothing needs; None where that cannot be told.
        unnamed: for each file of recordings, how many of how many no baseline names.
    """

    gone: Mapping[CheckId, str]
    unneeded: Mapping[Path, frozenset[str] | None]
    unnamed: Mapping[Path, tuple[int, int]]


def declare(group: args.Commands) -> None:
    """Add the verb."""
    parser = args.add(group, "prune", help="take out what belongs to no test any more", description=_PRUNE, run=prune)
    parser.add_argument("--yes", action="store_true", help="do it; without, only say what would go")
    parser.add_argument("--recordings", action="store_true", help="take unneeded recordings out as well")
    args.add_dry_run(parser)
    args.add_session(parser, "whole session that shows what is there")


def prune(arguments: argparse.Namespace) -> None:
    """Say what is gone; with ``--yes`` take it out."""
    project_ = project.find(arguments.rootdir)
    folder = project_.baseline(arguments.baseline)
    session = args.session_of(project_, arguments)
    stored = baselines.read(folder)
    refuse_narrowed(session, project_.root, stored.lines)
    baselines.refuse_partial(session)
    refuse_stale(session, project_, folder)
    found = _found(project_, folder, session, stored.lines)
    meant = args.picked([stored.lines[id_] for id_ in sorted(found.gone)], arguments.pattern)
    if meant:
        say_table(("gone", "suite", "case and metric", "baseline"), [_row(line, found.gone) for line in meant])
    unused = [finding for finding in baseline_doctor.inspect(folder) if finding.kind.startswith("unused")]
    for finding in unused:
        say(inert(f"{shown(finding.path)}:{finding.number}: {finding.kind}"))
    _say_recordings(found)
    if not arguments.yes or arguments.dry_run:
        say(f"{len(meant)} of {len(stored.lines)} lines would go; nothing was changed: --yes does it")
        return
    _take_out(folder, meant, found if arguments.recordings else None)


def refuse_narrowed(session: Session, root: Path, lines: Mapping[CheckId, Line]) -> None:
    """Refuse a session that was not to run everything: what it left out is not gone.

    Raises:
        BaselineError: it was narrowed, or a module of the baseline that exists was no part of it.
    """
    reasons = [f"only a selection was run ({session.selection})"] if session.selection else []
    if session.plan.n_deselected:
        reasons.append(f"{session.plan.n_deselected} tests were deselected")
    ran = {_module(case.id.test) for case in session.plan.cases.values()}
    ran |= {_module(result.id.test) for result in session.results}
    left_out = sorted({_module(id_.test) for id_ in lines} - ran)
    reasons += [f"{module} exists and was not run" for module in left_out if (root / module).is_file()]
    if reasons:
        raise BaselineError(
            f"session {session.id!r} was not to run everything, so nothing is known to be gone",
            found="; ".join(reasons),
            hint="run pytest without a selection; or delete the lines of a module without LLM tests by hand",
        )


def _module(test: str) -> str:
    return test.partition("::")[0]


def _found(project_: project.Project, folder: Path, session: Session, lines: Mapping[CheckId, Line]) -> Found:
    gone = gone_lines(session, lines)
    kept = [line for id_, line in lines.items() if id_ not in gone]
    # A recording may stand under any baseline of the project.
    others = {project_.baseline(None), folder} | {
        base / name for base in (project_.baseline(None), folder) for name in baseline_folder.names(base)
    }
    for other in {path.resolve() for path in others} - {folder.resolve()}:
        kept += baselines.read(other).lines.values()
    used = {
        call.origin
        for result in session.results
        for trial in result.trials
        for call in (*trial.calls, *trial.judge_calls)
    }
    unneeded: dict[Path, frozenset[str] | None] = {}
    unnamed: dict[Path, tuple[int, int]] = {}
    tests = {id_.test for id_ in lines} | {result.id.test for result in session.results}
    name = project_.recordings
    for path in named_recordings.files_beside(project_.root, tests, name) if name else []:
        beside = [line for line in kept if named_recordings.module_file(project_.root, line.id.test, name) == path]
        recorded = named_recordings.read(path)
        unneeded[path] = named_recordings.unneeded(recorded, beside, used)
        n_unnamed = named_recordings.unneeded(recorded, beside, ())
        if n_unnamed:
            unnamed[path] = (len(n_unnamed), len({response.origin for response in recorded}))
    return Found(gone, unneeded, unnamed)


def gone_lines(session: Session, lines: Mapping[CheckId, Line]) -> Mapping[CheckId, str]:
    """Return the lines that belong to no check any more, with what is gone: test, case or check.

    Args:
        session: whole. A check counts as gone only where its case ran all of its trials to their ends.
        lines: of the baseline.
    """
    cases = {case.id for case in session.plan.cases.values()} | {result.id for result in session.results}
    functions = {_function(id_.test) for id_ in cases}
    ran = {result.id for result in session.results if _ran_to_its_end(result)}
    made = {
        (result.id, check.score.metric, check.nth)
        for result in session.results
        for check in (*result.checks, *(check for trial in result.trials for check in trial.checks))
    }
    gone = {}
    for id_ in lines:
        if _function(id_.test) not in functions:
            gone[id_] = "test"
        elif id_.case_id not in cases:
            gone[id_] = "case"
        elif id_.case_id in ran and (id_.case_id, id_.metric, id_.nth) not in made:
            gone[id_] = "check"
    return gone


def _function(test: str) -> str:
    # A parameter makes another case of the same test, also where it stands in the test's id.
    return test.partition("[")[0]


def _ran_to_its_end(result: CaseResult) -> bool:
    is_whole = len(result.trials) == result.n_planned and not any(trial.error for trial in result.trials)
    return is_whole and result.outcome != "skipped"


def _row(line: Line, gone: Mapping[CheckId, str]) -> tuple[str, ...]:
    return (gone[line.id], line.suite or "-", str(line.id), standing(line))


def _say_recordings(found: Found) -> None:
    for path, (n_unnamed, n) in found.unnamed.items():
        unneeded = found.unneeded[path] or ()
        say(f"{shown(path)}: {n_unnamed} of {n} recordings are named by no baseline; {len(unneeded)} are unused too")
    for path, origins in found.unneeded.items():
        if origins is None:
            say(f"{shown(path)}: kept whole; some scores stand on a text of several answers, which nobody can tell")


def _take_out(folder: Path, lines: Iterable[Line], found: Found | None) -> None:
    seen = {line.id: line for line in lines}
    # What somebody else has accepted meanwhile is there again.
    written = baselines.revise(folder, seen, lambda id_, stored: None if stored == seen[id_] else stored)
    written += baseline_doctor.mend(folder)  # runs that no line names
    say(f"{len(seen)} lines taken out", *(f"  {shown(path)}" for path in sorted(set(written))))
    for path, origins in (found.unneeded if found else {}).items():
        if origins:
            n_gone = named_recordings.drop(path, origins)
            say(f"{n_gone} recordings taken out of {shown(path)}")
