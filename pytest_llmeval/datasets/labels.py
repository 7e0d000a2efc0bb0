"""Files of labels: JSON Lines, one line a human judgement; text for git, appended to, in any order.

Its fields are those of a case (``input``, ``expected``, ``context``), the answer, and what a person said of it;
``docs/schema/label-1.json`` has them all.
"""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
from typing import TYPE_CHECKING

from pytest_llmeval.datasets.formats import jsonl
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json
from pytest_llmeval.records.label import PICKED, Judged, Label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_TEXTS = ("metric", "rubric", "who", "when", "why", "picked", "session", "test", "case", "origin")
_OF_LABEL = ("metric", "rubric", "who", "when", "why", "picked")
_BETTER = {"output": 1.0, "tie": 0.5, "other": 0.0}
FIELDS = frozenset({*_TEXTS, "label", "output", "other", "input", "expected", "context", "trial"})
"""What has a meaning in a label; any other field is the case's."""
_MOST_SHOWN = 80


def read(path: Path, shown: str) -> Iterator[tuple[str, Label]]:
    """Yield the labels of a file, each with its place.

    Args:
        path: of the file.
        shown: how messages name it.

    Raises:
        UsageError: it cannot be read, or a line is no label; the message names file, line and field.
    """
    try:
        for number, row in jsonl.read(path, shown):
            place = f"{shown}:{number}"
            yield place, label_at(row, place)
    except OSError as error:
        raise UsageError(f"cannot read the labels in {shown}", found=error.strerror or str(error)) from None


def label_at(row: Json, place: str) -> Label:
    """Make a label of a row; errors as of ``read``."""
    if not isinstance(row, dict):
        raise _no_label(place, f"got {row!r}"[:_MOST_SHOWN])
    for name in ("output", "label"):
        if row.get(name) is None:
            raise _no_label(place, f"it has no {name!r}")
    output, other = row["output"], row.get("other")
    if not isinstance(output, str) or not isinstance(other, (str, type(None))):
        raise _no_label(place, "'output' and 'other' are texts")
    texts = {name: row[name] for name in _TEXTS if row.get(name) is not None}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise _no_label(place, f"{name!r} is a text, and is {text!r}"[:_MOST_SHOWN])
    trial = row.get("trial")
    if trial is not None and (not isinstance(trial, int) or isinstance(trial, bool) or trial < 0):
        raise _no_label(place, f"'trial' is a whole number from 0, and is {trial!r}"[:_MOST_SHOWN])
    if texts.get("picked", PICKED[0]) not in PICKED:
        raise _no_label(place, f"'picked' is one of {', '.join(PICKED)}, and is {texts['picked']!r}"[: 2 * _MOST_SHOWN])
    own = {name: str(texts[name]) for name in ("session", "test", "case", "origin") if name in texts}
    return Label(
        output=output,
        value=_value(row["label"], place, is_pair=other is not None),
        **{name: str(texts[name]) for name in _OF_LABEL if name in texts},
        input=row.get("input"),
        expected=row.get("expected"),
        context=row.get("context"),
        other=other,
        judged=Judged(**own, trial=trial),
        data={name: value for name, value in row.items() if name not in FIELDS},
    )


def _value(said: Json, place: str, *, is_pair: bool) -> float:
    if is_pair and isinstance(said, str) and said in _BETTER:
        return _BETTER[said]
    # true and false are refused: who writes them means a pass, and a label says what a person thinks of the answer.
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not math.isfinite(said) or not 0 <= said <= 1:
        words = ', or "output", "other" or "tie"' if is_pair else ""
        raise _no_label(place, f"'label' is a number from 0 (bad) to 1 (good){words}, and is {said!r}"[:160])
    return float(said)


def as_line(label: Label) -> str:
    """Return a label as a line of JSON without its end; reading it gives an equal label. What is empty is left out."""
    row: dict[str, Json] = {"metric": label.metric, "rubric": label.rubric, "input": label.input}
    row |= {"output": label.output, "other": label.other, "expected": label.expected, "context": label.context}
    row |= {"label": label.value, "who": label.who, "when": label.when, "why": label.why}
    row |= {"picked": label.picked}
    judged = label.judged
    row |= {"session": judged.session, "test": judged.test, "case": judged.case, "trial": judged.trial}
    row |= {"origin": judged.origin}
    kept: Mapping[str, Json] = {
        name: value for name, value in row.items() if name in ("output", "label") or (value is not None and value != "")
    }
    line = json.dumps({**kept, **label.data}, ensure_ascii=False, allow_nan=False)
    # A lone surrogate has no UTF-8; a line separator or a control character may upset who reads the file.
    return line if line.isprintable() else json.dumps({**kept, **label.data})


def append(path: Path, label: Label) -> None:
    """Write a label behind the last line of a file: whole, or not at all; other writers wait for their turn.

    Args:
        path: of the file, which is made where it is missing, for git: readable as any other.
        label: of one person.

    Raises:
        UsageError: the file cannot be written; nothing was.
    """
    line = f"{as_line(label)}\n".encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _locked(path)
        try:
            _write(descriptor, line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UsageError(
            f"the label cannot be written to {str(path)!r}",
            found=error.strerror or str(error),
            hint="make it writable, or free space on its disk",
        ) from error


def _locked(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            # While we waited, an editor or git may have put another file there: the old one is nobody's.
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _write(descriptor: int, line: bytes) -> None:
    n_bytes = os.fstat(descriptor).st_size
    # An editor may have left the last line without its end. Nothing is taken off: a person has written it.
    if n_bytes and os.pread(descriptor, 1, n_bytes - 1) != b"\n":
        line = b"\n" + line
    if os.write(descriptor, line) != len(line):  # the disk is full: half a label would break the file
        os.ftruncate(descriptor, n_bytes)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _no_label(place: str, found: str) -> UsageError:
    return UsageError(
        f"{place} is not a label",
        found=found,
        hint='one line a judgement: {"metric": "relevance", "input": "...", "output": "...", "label": 1, "who": "..."}',
    )
