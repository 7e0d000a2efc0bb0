"""What ``llmeval gate check`` found out, on disk: one JSON object, as ``session_file`` writes a session."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.gather.codec import from_json, to_text
from pytest_llmeval.gather.session_file import replace_file
from pytest_llmeval.gather.wire import loads
from pytest_llmeval.records.trust import TrustReport

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmeval.records import Json

FORMAT = 1
NAME = "gate-check.json"
_KIND = "gate check"
_AGAIN = "run `llmeval gate check` again: it writes a new one"


def write(report: TrustReport, folder: Path) -> Path:
    """Store a report in place of the last one, which stands until the new one is whole.

    Args:
        report: what to store.
        folder: made if it is missing, readable by the owner only.

    Raises:
        StoreError: it cannot be written there.
    """
    path = folder / NAME
    text = json.dumps({"kind": _KIND, "format": FORMAT})[:-1] + ", " + to_text(report)[1:] + "\n"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, lambda file: file.writelines([text]))
    except OSError as error:
        raise StoreError(
            f"the report cannot be stored in {str(folder)!r}",
            found=str(error),
            hint="make the folder writable, or free space on its disk",
        ) from error
    return path


def read(folder: Path) -> TrustReport:
    """Return the report that was stored last.

    Raises:
        SchemaTooNew: a newer version of this package wrote it.
        StoreError: there is none, or it is malformed.
    """
    path = folder / NAME
    try:
        row = loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(f"there is no report {str(path)!r}", hint="llmeval gate check: it writes one") from None
    except (OSError, ValueError) as error:
        raise _malformed(path, str(error)) from error
    if not isinstance(row, dict) or row.pop("kind", None) != _KIND:
        raise _malformed(path, "not a report of `llmeval gate check`")
    _check_format(path, row.pop("format", None))
    try:
        return from_json(TrustReport, row)
    except (ValueError, TypeError) as error:
        raise _malformed(path, str(error)) from error


def _check_format(path: Path, found: Json) -> None:
    if isinstance(found, int) and found > FORMAT:
        raise SchemaTooNew(
            f"report {str(path)!r} has format {found}, and this version reads {FORMAT}",
            hint="python -m pip install --upgrade pytest-llmeval",
        )
    if found != FORMAT:
        raise _malformed(path, f"unknown format {found!r:.80}")


def _malformed(path: Path, fault: str) -> StoreError:
    return StoreError(f"report {str(path)!r} is malformed", found=fault, hint=_AGAIN)
