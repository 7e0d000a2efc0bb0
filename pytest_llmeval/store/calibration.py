"""What is known of how far metrics agree with people: text in git, a file a metric, a line a version.

``calibration/relevance.jsonl``. Sorted, so that equal knowledge gives equal bytes; a new measurement of one version
takes the place of the old one, and git has the history.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from pytest_llmeval.errors import SchemaTooNew, StoreError
from pytest_llmeval.records.agreement import Agreement, At
from pytest_llmeval.store.replacing import locked, replace_files

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
_DIGITS = 6
_AT = ("at_threshold", "at_fitted")


def file_of(folder: Path, metric: str) -> Path:
    """Return where the agreement of a metric stands; a character that no file name should have is one of its escape."""
    name = re.sub(r"[^\w.-]|^\.", lambda found: "".join(f"%{byte:02x}" for byte in found[0].encode()), metric)
    return folder / f"{name}.jsonl"


def read(folder: Path, metric: str) -> dict[str, Agreement]:
    """Return what is stored of a metric, by ``Agreement.key``; empty where nothing is.

    Raises:
        SchemaTooNew: a newer version of this package wrote it.
        StoreError: the file cannot be read; the message names file and line.
    """
    path = file_of(folder, metric)
    try:
        lines = path.read_bytes().decode("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{str(path)!r} cannot be read", found=str(error)) from error
    found = {}
    for number, line in enumerate(lines, 1):
        try:
            agreement = _agreement(json.loads(line))
        except SchemaTooNew as error:
            raise SchemaTooNew(f"{path}:{number}: {error.what}", hint=error.hint) from None
        except (ValueError, TypeError, RecursionError) as error:
            raise StoreError(
                f"{path}:{number} is no stored agreement", found=str(error)[:200], hint="llmeval judge check writes it"
            ) from error
        found[agreement.key] = agreement
    return found


def write(folder: Path, agreement: Agreement) -> Path:
    """Store how far a metric agrees with people, in the place of what was stored of that version; return its file.

    What was known already keeps its day: a measurement that finds the same again changes no byte.

    Raises:
        StoreError: the file cannot be read.
        BaselineError: it cannot be written.
    """
    path = file_of(folder, agreement.metric)
    with locked(folder):
        known = read(folder, agreement.metric)
        before = known.get(agreement.key)
        if before is None or _line(replace(before, measured_on="")) != _line(replace(agreement, measured_on="")):
            known[agreement.key] = agreement
        text = "".join(f"{_line(known[version])}\n" for version in sorted(known))
        replace_files(folder, {path: text.encode("ascii")})
    return path


def _line(agreement: Agreement) -> str:
    row = {name: value for name, value in asdict(agreement).items() if value not in (None, "", ())}
    for name in _AT:
        at = getattr(agreement, name)
        if at is not None:
            row[name] = {part: value for part, value in at._asdict().items() if value is not None}
    return json.dumps(_rounded({"format": FORMAT, **row}), sort_keys=True)


def _rounded(value: object) -> object:
    """Round every number: what another processor's arithmetic would change is not knowledge, and makes no new line."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return round(value, _DIGITS) if isinstance(value, float) else value


def _agreement(row: object) -> Agreement:
    if not isinstance(row, dict):
        raise ValueError("no object")  # noqa: TRY004 - a fault of the file
    row = dict(row)
    written_by = row.pop("format", None)
    if isinstance(written_by, int) and written_by > FORMAT:
        raise SchemaTooNew(
            f"format {written_by}, and this version reads {FORMAT}",
            hint="python -m pip install --upgrade pytest-llmeval",
        )
    if not isinstance(row.get("version"), str) or not isinstance(row.get("metric"), str):
        raise ValueError("it has no metric, or no version")  # noqa: TRY004 - as above
    for name in _AT:
        if row.get(name) is not None:
            row[name] = At(**{part: _range(row[name].get(part)) for part in At._fields})
    for name in ("threshold", "at_threshold", "fitted", "at_fitted", "auroc", "people"):
        row.setdefault(name, None)
    row["auroc"] = _range(row["auroc"])
    row["judges"] = tuple(map(str, row.get("judges", ())))
    if row["people"] is not None:
        share, number = row["people"]
        row["people"] = float(share), int(number)
    return Agreement(**row)


def _range(value: object) -> tuple[float, float, float] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no number with its bounds")  # noqa: TRY004 - a fault of the file
    middle, low, high = map(float, value)
    return middle, low, high
