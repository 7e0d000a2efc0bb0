"""The user's own prices: lines of the ini, and files of litellm's form → rows by model."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Any below: rows of JSON.

_MILLION = 1_000_000
_PER_MILLION = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "written": "cache_creation_input_token_cost",
}
_COUNTS = {"max_tokens": "max_output_tokens", "max_input": "max_input_tokens"}
_FORM = "MODEL: X input, Y output, Z cached, N max_tokens (US dollars per million tokens; the last two may be left out)"
_NEEDED = ("input_cost_per_token", "output_cost_per_token")


def read(lines: Sequence[str], root: Path) -> Mapping[str, Mapping[str, Any]]:
    """Read prices, a line each.

    Args:
        lines: ``openai/ours: 0.15 input, 0.60 output``, or the path of a JSON file below ``root``; of two that name
            one model the later one counts.
        root: where paths start.

    Returns:
        rows of litellm's form: ``input_cost_per_token``, ``output_cost_per_token``, and what else is known.

    Raises:
        UsageError: a line, or a file, that cannot be read so.
    """
    rows: dict[str, Mapping[str, Any]] = {}
    for line in map(str.strip, lines):
        if line.endswith(".json") and ": " not in line:
            rows |= _in_file(root / line, line)
        else:
            model, row = _of_line(line)
            rows[model] = row
    return rows


def _of_line(line: str) -> tuple[str, Mapping[str, Any]]:
    model, _, said = line.rpartition(": ")
    row: dict[str, Any] = {}
    for part in said.split(","):
        number, _, unit = part.strip().partition(" ")
        unit = unit.strip()
        value = _number(number)
        if unit in _PER_MILLION and value is not None:
            row[_PER_MILLION[unit]] = value / _MILLION
        elif unit in _COUNTS and value is not None and value >= 1 and value == int(value):
            row[_COUNTS[unit]] = int(value)
        else:
            raise _refused(line, f"{part.strip()!r} is no price")
    missing = [unit for unit, name in _PER_MILLION.items() if name in _NEEDED and name not in row]
    if not model.strip() or missing:
        raise _refused(
            line, f"the price of {' and '.join(missing)} is missing" if model.strip() else "it names no model"
        )
    return model.strip(), row


def _number(text: str) -> float | None:
    try:
        value = float(text.removeprefix("$"))
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None


def _refused(line: str, found: str) -> UsageError:
    return UsageError(f"llmeval_prices: {line!r} cannot be read", found=found, hint=f"it takes {_FORM}")


def _in_file(path: Path, shown: str) -> Mapping[str, Mapping[str, Any]]:
    hint = 'it holds JSON, as litellm\'s: {"MODEL": {"input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07}}'
    try:
        rows = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"llmeval_prices: {shown!r} cannot be read",
            found=error.strerror or str(error),
            hint="paths start at rootdir",
        ) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"llmeval_prices: {shown!r} is no JSON", found=str(error), hint=hint) from None
    if not isinstance(rows, dict):
        raise UsageError(f"llmeval_prices: {shown!r} holds no object", found=f"{rows!r:.80}", hint=hint)
    for model, row in rows.items():
        fault = _fault(row)
        if fault:
            raise UsageError(f"llmeval_prices: {shown!r} has no price of {model!r}", found=fault, hint=hint)
    return rows


def _fault(row: object) -> str:
    """Say what keeps a row from being read; a price that is missing is unknown, as in litellm's own list."""
    if not isinstance(row, dict):
        return f"{row!r:.80} is no object"
    for name, value in row.items():
        if value is not None and any(name.startswith(known) for known in _PER_MILLION.values()):
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not (is_number and 0 <= value < math.inf):
                return f"{name} is {value!r:.80}"
    return ""
