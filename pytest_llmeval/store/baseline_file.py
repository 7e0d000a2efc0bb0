"""One baseline file: its text and what it means. Imported late, for pydantic.

A file holds JSON lines: sorted lines of draws first, then the runs that drew them. A run stands after every line that
names it, so a file that was cut anywhere lacks a run it names, or its last newline, and is refused.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, TypeAdapter, ValidationError

from pytest_llmeval.records import Acceptance, BaselineRun, CheckId, Draw, Json, Line, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FORMAT = 1
SUFFIX = ".jsonl"

# What most file systems take is 255 bytes; the suffix and a temporary name need some of them.
_MAX_NAME_LENGTH = 200
_CONFLICT_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
# pydantic's own str refuses lone surrogates, and ids are any text.
Text = InstanceOf[str]


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
    expires: Text = ""


class _LineRow(_Row):
    kind: Literal["line"]
    test: Text
    case: Text
    metric: Text
    nth: int = Field(ge=0)
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
        id_ = CheckId(fields.pop("test"), fields.pop("case"), fields.pop("metric"), fields.pop("nth"))
        columns = (fields.pop("scores"), fields.pop("runs"), fields.pop("origins"))
        draws = tuple(Draw(*draw) for draw in zip(*columns, strict=True))
        acceptance = Acceptance(**dict(self.acceptance)) if self.acceptance else None
        return Line(**{**fields, "id": id_, "draws": draws, "acceptance": acceptance})


class _RunRow(_Row):
    kind: Literal["run"]
    format: Literal[1]
    id: Text
    recorded_at: Text
    commit: Text
    model: Text
    versions: dict[Text, Text]

    def run(self) -> BaselineRun:
        """Return the record."""
        return BaselineRun(**{name: value for name, value in self if name not in {"kind", "format"}})


_ROW: TypeAdapter[_LineRow | _RunRow] = TypeAdapter(Annotated[_LineRow | _RunRow, Field(discriminator="kind")])


def path_of(test: str) -> PurePosixPath:
    """Return the file of a test, relative to the baseline's folder.

    Module path and qualified name make it; parameters never do, so ``tests/test_a.py::TestX::test_b[...]`` is
    ``tests/test_a/TestX.test_b.jsonl``. Tests that share a file do no harm: each line names its own.
    """
    module, _, name = test.partition("::")
    folders = module.removesuffix(".py").split("/")
    qualified = ".".join(name.partition("[")[0].split("::"))
    parts = [_component(part) for part in [*folders, qualified] if part]
    return PurePosixPath("/".join(parts) + SUFFIX)


def _component(part: str) -> str:
    """Spell any text as one name of a file that neither climbs nor hides."""
    name = quote(part, safe="", errors="surrogatepass")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    return name if len(name) <= _MAX_NAME_LENGTH else f"{name[:_MAX_NAME_LENGTH]}-{digest(part)[:16]}"


def parse(data: bytes, path: PurePosixPath) -> tuple[dict[CheckId, Line], dict[str, BaselineRun]]:
    """Return the lines and runs in the bytes of a file.

    Args:
        data: the whole file.
        path: where it stands in the baseline's folder; every line must belong there.

    Raises:
        Fault: the bytes are anything but what ``render`` gives, spacing and the order of keys and lines aside.
    """
    rows = [_json(number, text) for number, text in enumerate(_texts(data), 1)]
    for number, value in enumerate(rows, 1):
        if isinstance(value, dict) and isinstance(value.get("format"), int) and value["format"] > FORMAT:
            raise Fault(number, f"format {value['format']} of a newer version, and this one reads {FORMAT}")
    lines: dict[CheckId, Line] = {}
    runs: dict[str, BaselineRun] = {}
    for number, value in enumerate(rows, 1):
        row = _row(number, value)
        if isinstance(row, _RunRow):
            if row.id in runs:
                raise Fault(number, f"duplicate run {row.id!r}")
            runs[row.id] = row.run()
        else:
            line = _line(number, row, path)
            if line.id in lines:
                raise Fault(number, f"duplicate line {str(line.id)!r}")
            lines[line.id] = line
    _check_runs(lines.values(), runs, len(rows))
    return lines, runs


def render(lines: Iterable[Line], runs: Mapping[str, BaselineRun]) -> bytes:
    """Return the bytes of a file: the same for the same lines, in whatever order they come.

    Args:
        lines: each with at least one draw, every draw of a run in ``runs``.
        runs: by their id; those that no line names are left out.
    """
    ordered = sorted(lines, key=lambda line: line.id)
    named = sorted({draw.run for line in ordered for draw in line.draws})
    return "".join([*map(_line_text, ordered), *(_run_text(runs[run]) for run in named)]).encode("ascii")


def _texts(data: bytes) -> Sequence[str]:
    if data.startswith(b"\xef\xbb\xbf"):
        raise Fault(1, "byte order mark")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Fault(1 + data[: error.start].count(b"\n"), "invalid UTF-8") from None
    *texts, rest = text.split("\n")
    for number, line in enumerate([*texts, rest], 1):
        if line.startswith(_CONFLICT_MARKERS):
            raise Fault(number, f"conflict marker {line[:7]!r}")
    if rest or not texts:
        raise Fault(len(texts) + 1, "truncated, no newline at the end" if data else "the file is empty")
    return texts


def _json(number: int, text: str) -> Json:
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


def _row(number: int, value: Json) -> _LineRow | _RunRow:
    try:
        return _ROW.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"][1:]))
        raise Fault(number, f"{place}: {first['msg']}" if place else first["msg"]) from None


def _line(number: int, row: _LineRow, path: PurePosixPath) -> Line:
    if path_of(row.test) != path:
        raise Fault(number, f"test {row.test!r} belongs into {str(path_of(row.test))!r}")
    try:
        return row.line()
    except ValueError:
        lengths = f"{len(row.scores)} scores, {len(row.runs)} runs, {len(row.origins)} origins"
        raise Fault(number, f"arrays of unequal length: {lengths}") from None


def _check_runs(lines: Iterable[Line], runs: Mapping[str, BaselineRun], n_rows: int) -> None:
    for line in lines:
        for draw in line.draws:
            if draw.run not in runs:
                raise Fault(n_rows, f"truncated: run {draw.run!r} of {str(line.id)!r} is missing")


def _line_text(line: Line) -> str:
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


def _run_text(run: BaselineRun) -> str:
    return _dumps({**vars(run), "versions": dict(run.versions), "kind": "run", "format": FORMAT})


def _dumps(row: Mapping[str, Json]) -> str:
    return json.dumps(row, ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True) + "\n"
