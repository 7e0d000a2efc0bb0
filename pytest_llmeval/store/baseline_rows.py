"""One line of a baseline file: its JSON and what it means. Imported late, for pydantic."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf, TypeAdapter, ValidationError

from pytest_llmeval.records import Acceptance, BaselineRun, CheckId, Draw, Json, Line

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
# pydantic's own str refuses lone surrogates, and ids are any text.
Text = InstanceOf[str]


def _day(text: str) -> str:
    """Refuse what never comes: a waiver until "soon" would hold for ever."""
    # fromisoformat takes 20261231 as well, which sorts before every day with dashes.
    if text and (len(text) != len("2026-12-31") or date.fromisoformat(text).isoformat() != text):
        raise ValueError(f"{text!r} is no date such as 2026-12-31")
    return text


class Fault(Exception):  # becomes BaselineUnreadable where the path is known
    """What is wrong with a file's text, and in which line, from 1."""

    def __init__(self, number: int, kind: str) -> None:
        super().__init__(kind)
        self.number = number
        self.kind = kind


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _AcceptanceRow(_Row):
    reason: Text
    author: Text
    accepted_at: Text
    expires: Annotated[Text, AfterValidator(_day)] = ""


class LineRow(_Row):
    """A line of draws."""

    kind: Literal["line"]
    test: Text
    case: Text
    metric: Text
    nth: int = Field(ge=0)
    arm: Text = ""
    suite: Text
    scores: list[Share] = Field(min_length=1)
    runs: list[Text]
    origins: list[Text]
    n_unscored: int = Field(default=0, ge=0)
    input_hash: Text
    metric_version: Text
    threshold: Share | None
    require: Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)] | None = None
    is_hard: bool = False
    is_case_level: bool = False
    n_trials: int = Field(default=1, ge=1)
    acceptance: _AcceptanceRow | None = None

    def line(self) -> Line:
        """Return the record; raises ValueError where the arrays are of unequal length."""
        fields = dict(self)
        del fields["kind"]
        id_ = CheckId(*(fields.pop(name) for name in CheckId._fields))
        columns = (fields.pop("scores"), fields.pop("runs"), fields.pop("origins"))
        draws = tuple(Draw(*draw) for draw in zip(*columns, strict=True))
        acceptance = Acceptance(**dict(self.acceptance)) if self.acceptance else None
        return Line(**{**fields, "id": id_, "draws": draws, "acceptance": acceptance})


class RunRow(_Row):
    """A run that drew."""

    kind: Literal["run"]
    format: Literal[1]
    id: Text
    recorded_at: Text
    commit: Text
    model: Text
    versions: dict[Text, Text]
    first_trial: int = Field(default=0, ge=0)

    def run(self) -> BaselineRun:
        """Return the record."""
        return BaselineRun(**{name: value for name, value in self if name not in {"kind", "format"}})


_ROW: TypeAdapter[LineRow | RunRow] = TypeAdapter(Annotated[LineRow | RunRow, Field(discriminator="kind")])


def json_of(number: int, text: str) -> Json:
    """Return what a line says, if it is strict JSON.

    Raises:
        Fault: it is not.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    except RecursionError:
        raise Fault(number, "not JSON: nested too deeply") from None
    except json.JSONDecodeError as error:
        raise Fault(number, f"not JSON: {error.msg} at column {error.colno}") from None
    except ValueError as error:
        raise Fault(number, str(error)) from None


def _unique_keys(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"duplicate key {next(key for key in keys if keys.count(key) > 1)!r}")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def row_of(number: int, value: Json) -> LineRow | RunRow:
    """Return the row that a line's JSON stands for.

    Raises:
        Fault: a field is missing, unknown, of the wrong type or out of range.
    """
    if isinstance(value, dict) and isinstance(value.get("format"), int) and value["format"] > FORMAT:
        raise Fault(number, f"format {value['format']} of a newer version, and this one reads {FORMAT}")
    try:
        return _ROW.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"][1:]))
        raise Fault(number, f"{place}: {first['msg']}" if place else first["msg"]) from None


def line_text(line: Line) -> str:
    """Return a line of draws as it stands in the file, with its end."""
    row = {
        "kind": "line",
        "test": line.id.test,
        "case": line.id.case,
        "metric": line.id.metric,
        "nth": line.id.nth,
        "suite": line.suite,
        # A score of 1 is written as 1.0, whatever number type the metric gave.
        "scores": [float(draw.score) for draw in line.draws],
        "runs": [draw.run for draw in line.draws],
        "origins": [draw.origin for draw in line.draws],
        "input_hash": line.input_hash,
        "metric_version": line.metric_version,
        "threshold": None if line.threshold is None else float(line.threshold),
    }
    if line.id.arm:
        row["arm"] = line.id.arm
    if line.n_unscored:
        row["n_unscored"] = line.n_unscored
    if line.require is not None:
        row["require"] = float(line.require)
    if line.is_hard:
        row["is_hard"] = True
    if line.is_case_level:
        row["is_case_level"] = True
    if line.n_trials != 1:
        row["n_trials"] = line.n_trials
    if line.acceptance:
        row["acceptance"] = {name: value for name, value in vars(line.acceptance).items() if value or name != "expires"}
    return _dumps(row)


def run_text(run: BaselineRun) -> str:
    """Return a run as it stands in the file, with its line end."""
    row = {**vars(run), "versions": dict(run.versions), "kind": "run", "format": FORMAT}
    if not run.first_trial:
        del row["first_trial"]
    return _dumps(row)


def _dumps(row: Mapping[str, Json]) -> str:
    return json.dumps(row, ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True) + "\n"
