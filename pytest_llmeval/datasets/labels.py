"""Files of labels: JSON Lines, one line a human judgement; text for git, appended to, in any order.

Its fields are those of a case (``input``, ``expected``, ``context``), the answer, and what a person said of it;
``docs/schema/label-1.json`` has them all.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from pytest_llmeval.datasets.formats import jsonl
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json
from pytest_llmeval.records.label import Judged, Label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_TEXTS = ("metric", "rubric", "who", "when", "why", "session", "test", "case", "origin")
_BETTER = {"output": 1.0, "tie": 0.5, "other": 0.0}
_FIELDS = frozenset({*_TEXTS, "label", "output", "other", "input", "expected", "context", "trial"})
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
    own = {name: str(texts[name]) for name in ("session", "test", "case", "origin") if name in texts}
    return Label(
        output=output,
        value=_value(row["label"], place, is_pair=other is not None),
        **{name: str(texts[name]) for name in ("metric", "rubric", "who", "when", "why") if name in texts},
        input=row.get("input"),
        expected=row.get("expected"),
        context=row.get("context"),
        other=other,
        judged=Judged(**own, trial=trial),
        data={name: value for name, value in row.items() if name not in _FIELDS},
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
    judged = label.judged
    row |= {"session": judged.session, "test": judged.test, "case": judged.case, "trial": judged.trial}
    row |= {"origin": judged.origin}
    kept: Mapping[str, Json] = {
        name: value for name, value in row.items() if name in ("output", "label") or (value is not None and value != "")
    }
    line = json.dumps({**kept, **label.data}, ensure_ascii=False, allow_nan=False)
    # A lone surrogate has no UTF-8; a line separator or a control character may upset who reads the file.
    return line if line.isprintable() else json.dumps({**kept, **label.data})


def _no_label(place: str, found: str) -> UsageError:
    return UsageError(
        f"{place} is not a label",
        found=found,
        hint='one line a judgement: {"metric": "relevance", "input": "...", "output": "...", "label": 1, "who": "..."}',
    )
