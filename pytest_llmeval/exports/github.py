"""Session → what GitHub Actions shows of a step: annotations on the lines of tests, and the step's summary.

An annotation is a line on standard output that begins with ``::``; this is the one place that prints such lines on
purpose, so all that others wrote is made plain and then escaped as GitHub's own toolkit does.

Source: actions/toolkit, ``packages/core/src/command.ts`` (``escapeData``, ``escapeProperty``); GitHub's documentation,
"Workflow commands": a step's summary holds at most 1 MiB. That a step shows ten errors and ten warnings is what users
of GitHub report; it is not documented there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import markdown, wording
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.worst import worst_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_llmeval.exports.worst import WorstLine
    from pytest_llmeval.records import Session

_SUMMARY_BYTES = 1024 * 1024
_LEAST_BYTES = 4_000
_MOST = 10
_LONGEST = 1_000
_WEAKER = ("LOWERED ", "GONE ", "NOT ACCEPTED ")


def commands(session: Session) -> list[str]:
    """Return the lines that mark what regressed, fell short or sees less; at most ten errors and ten warnings.

    Args:
        session: finished, with its exit status.
    """
    outcomes = {(result.id, result.arm): result.outcome for result in session.results}
    errors = [_command("error", session.exit_line, title="llmeval")] if session.exit_status else []
    warnings: list[str] = []
    for line in worst_lines(session):
        has_failed = line.is_regressed or outcomes.get((line.id.case_id, line.id.arm)) == "failed"
        (errors if has_failed else warnings).append(
            _of_line("error" if has_failed else "warning", line, session.folder)
        )
    sentences = session.verdict.sentences if session.verdict else ()
    warnings += [_command("warning", text, title="llmeval") for text in sentences if text.startswith(_WEAKER)]
    return [*_first("error", errors), *_first("warning", warnings)]


def add_summary(session: Session, path: Path) -> None:
    """Append the session's page to the summary of this step, as long as GitHub takes it.

    Args:
        session: finished.
        path: ``$GITHUB_STEP_SUMMARY``.

    Raises:
        LlmevalError: it cannot be written, or other commands of the step have filled it.
    """
    hint = "the page is written by --llmeval-report=md:PATH as well"
    try:
        n_free = _SUMMARY_BYTES - (path.stat().st_size if path.exists() else 0)
        if n_free < _LEAST_BYTES:
            raise LlmevalError("the summary of this step is full", found=f"{path} has {n_free} bytes left", hint=hint)
        page = markdown.render(session, limit=min(n_free - 1, markdown.LIMIT))
        with path.open("ab") as file:
            file.write(b"\n" + page.encode("utf-8", "replace"))
    except OSError as error:
        raise LlmevalError(
            f"no summary of this step at {str(path)!r}", found=f"{error.strerror or error}", hint=hint
        ) from error


def _of_line(kind: str, line: WorstLine, folder: str) -> str:
    said = f"{line.id}: {wording.standing(line)}"
    if line.check.score.reason:
        said += f", because {line.check.score.reason}"
    place = line.check.place
    where = {"file": f"{folder}{place.path}", "line": str(place.line)} if place.path else {}
    return _command(kind, said, **where, title=f"llmeval {line.id.metric}")


def _first(kind: str, found: Sequence[str]) -> Iterator[str]:
    if len(found) <= _MOST:
        yield from found
        return
    yield from found[: _MOST - 1]
    yield _command(kind, f"and {len(found) - _MOST + 1} more; the summary names them", title="llmeval")


def _command(kind: str, message: str, **properties: str) -> str:
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {said}::{_data(plain(message, limit=_LONGEST))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(plain(value, limit=_LONGEST)).replace(":", "%3A").replace(",", "%2C")
