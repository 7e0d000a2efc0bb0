"""``llmeval export``: stored sessions as files for other readers, whenever they are wanted."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import say, shown
from pytest_llmeval.commands.sessions import everywhere
from pytest_llmeval.commands.sessions.arguments import ID_HELP, count
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports import files
from pytest_llmeval.exports.kinds import FILES
from pytest_llmeval.exports.rows import ROWS
from pytest_llmeval.exports.tables import FORMATS
from pytest_llmeval.exports.wording import count as counted
from pytest_llmeval.gather import session_file, session_folder
from pytest_llmeval.options.settings import below

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmeval.exports.conventions import Row
    from pytest_llmeval.records import Session

    # Any: argparse does not name the type of its subparsers.
    Commands = Any

SERVERS = ("mlflow", "pushgateway", "store")
_SHOWN = {"mlflow": "MLflow", "pushgateway": "the Pushgateway", "store": "the store"}
_DESCRIPTION = """\
Write stored sessions as files, from their session files alone.

jsonl, csv and parquet hold a row for each score of each trial, or, with --rows calls, for each request and answer:
everything that was asked and said. Names are OpenTelemetry's (gen_ai.*) where it has one. mlflow and pushgateway send
to the server of the settings, or to --output URL, store to the team's PostgreSQL: what is there already is not written
twice. The other kinds are
those of pytest's --llmeval-report, of one session."""


def declare(commands: Commands) -> None:
    """Add ``export``."""
    parser = commands.add_parser(
        "export",
        help="write stored sessions for other readers",
        description=_DESCRIPTION,
        epilog=ID_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("ids", metavar="ID", nargs="*", help="which sessions (default: the newest)")
    parser.add_argument("--to", choices=[*FORMATS, *SERVERS, *FILES], required=True, help="the kind of file")
    parser.add_argument("--last", metavar="N", type=count, help="the newest so many, in the place of ids")
    parser.add_argument("--rows", choices=list(ROWS), default="scores", help="of jsonl, csv, parquet (scores)")
    parser.add_argument(
        "--output",
        metavar="PATH",
        help="where to, or the URL of a server (default: standard output, or as pytest does)",
    )
    parser.add_argument("--rootdir", metavar="DIR", help="the project (default: where pytest is configured)")
    parser.set_defaults(run=export)


def export(arguments: argparse.Namespace) -> None:
    """Write what is meant."""
    found = project.find(arguments.rootdir)
    folder = found.folder if arguments.to == "store" else everywhere.folder(found, *arguments.ids)
    if arguments.ids and arguments.last:
        raise UsageError("ids and --last say two things", hint="give one of them")
    paths = [session_folder.pick(folder, said) for said in arguments.ids]
    if not paths:
        paths = list(session_folder.stored(folder)[-(arguments.last or 1) :]) or [session_folder.pick(folder, "")]
    if arguments.to in FORMATS:
        _table(arguments, paths)
        return
    if arguments.to in SERVERS:
        _send(arguments, found, paths)
        return
    if len(paths) > 1:
        raise UsageError(f"--to {arguments.to} is of one session", found=f"{len(paths)} are meant")
    target = Path(arguments.output) if arguments.output else folder / FILES[arguments.to].file
    session = session_file.read(paths[0])
    project.refuse_shard(session, f"--to {arguments.to}")
    if arguments.to == "html":
        from pytest_llmeval.commands import known
        from pytest_llmeval.exports import html

        html.write(session, target, known.beside(found, session))
    else:
        FILES[arguments.to].write(session, target)
    say(f"{arguments.to} of {paths[0].stem} written to {shown(target)}")


def _send(arguments: argparse.Namespace, found: project.Project, paths: list[Path]) -> None:
    url = arguments.output or found.value(arguments.to)
    if not url:
        flag = f"--llmeval-{arguments.to}"
        raise UsageError(
            f"no address to send to: --to {arguments.to}",
            found=f"no --output, and neither LLMEVAL_{arguments.to.upper()} nor llmeval_{arguments.to} is set",
            hint=f"say --output URL, as {flag} takes it",
        )
    for path in paths:
        session = session_file.read(path)
        project.refuse_shard(session, f"--to {arguments.to}")
        where = _SHOWN[arguments.to]
        if arguments.to == "pushgateway":
            from pytest_llmeval.exports import pushgateway

            pushgateway.push(session, url)
        elif arguments.to == "store":
            _store(found, path, session)
        else:
            from pytest_llmeval.exports import mlflow

            run_id = mlflow.record(
                session,
                uri=below(found.root, url),
                artifacts=[path],
                traces=found.value("mlflow_traces"),
                limit_s=math.inf,
                tell=say,
            )
            where = f"{where}, run {run_id}"  # what MLflow's own functions ask for
        say(f"{path.stem} is in {where}")


def _store(found: project.Project, path: Path, session: Session) -> None:
    if found.database is None:
        raise UsageError(
            "the store is no database of a team", found="sessions are in its folder", hint="see docs/postgres.md"
        )
    from pytest_llmeval.store.postgres.sessions import PostgresSessions

    sessions = PostgresSessions(found.database, limit_s=everywhere.LIMIT_S)
    try:
        sessions.put(session.id, session.branch, path.read_bytes())
    finally:
        sessions.close()


def _table(arguments: argparse.Namespace, paths: list[Path]) -> None:
    if not arguments.output and arguments.to == "parquet":
        raise UsageError("Parquet is no text", hint="say where to: --output scores.parquet")
    rows = list(_rows(arguments.rows, paths))
    content = FORMATS[arguments.to](rows)
    if not arguments.output or arguments.output == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    target = Path(arguments.output)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Prompts and answers are in it.
    files.replace(target, content, mode=0o600)
    say(f"{counted(len(rows), 'row')} of {counted(len(paths), 'session')} written to {shown(target)}")


def _rows(kind: str, paths: list[Path]) -> Iterator[Row]:
    for path in paths:
        yield from ROWS[kind](session_file.read(path))
