"""``llmeval export``: stored sessions for other readers, by OpenTelemetry's names, and inert in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import socket
import stat
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.exports import markdown
from pytest_llmeval.exports.conventions import of_call
from pytest_llmeval.exports.rows import calls, scores
from pytest_llmeval.exports.tables import FORMATS
from pytest_llmeval.gather import session_file
from pytest_llmeval.records import Outcome, Request, Response
from tests.unit.sessions import SUPPORT, answer, case, relevance, session

# Of semantic-conventions 1.41.0, docs/registry/attributes/gen-ai.md and openai.md.
REGISTRY = {
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    *(f"gen_ai.request.{name}" for name in ("model", "temperature", "top_p", "top_k", "max_tokens", "seed")),
    *(f"gen_ai.request.{name}" for name in ("stop_sequences", "frequency_penalty", "presence_penalty")),
    *("gen_ai.input.messages", "gen_ai.output.messages"),
    *("gen_ai.response.model", "gen_ai.response.finish_reasons"),
    *("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
    *(f"gen_ai.evaluation.{name}" for name in ("name", "score.value", "score.label", "explanation")),
    "openai.response.system_fingerprint",
}
OLD, NEW = "20260131T120000Z-1f2e3d4c", "20260301T120000Z-aa00bb11"


@pytest.fixture
def run(tmp_path, monkeypatch, capsysbinary):
    """Run the command in a project with two sessions; return exit status, output and complaint."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for name in (OLD, NEW):
        session_file.write(session(id=name), tmp_path / ".llmeval")

    def command(*argv: str) -> tuple[int, bytes, str]:
        status = main(["export", *argv])
        said = capsysbinary.readouterr()
        return status, said.out, said.err.decode()

    return command


def test_every_foreign_name_is_one_of_the_conventions():
    """All others begin with our own."""
    names = {name for rows in (scores(session()), calls(session())) for row in rows for name in row}
    assert {name for name in names if not name.startswith("llmeval.")} == REGISTRY


def test_a_row_a_score_with_its_label(run):
    """Unscored has no value, and is no failure."""
    rows = [json.loads(line) for line in run("--to", "jsonl")[1].splitlines()]
    assert 15 == len(rows)
    assert {NEW} == {row["llmeval.session.id"] for row in rows}
    refund = [row for row in rows if row["llmeval.case"] == "eu"]
    assert [(0.2, "fail")] * 4 + [(0.7, "pass")] == [
        (row["gen_ai.evaluation.score.value"], row["gen_ai.evaluation.score.label"]) for row in refund
    ]
    unscored = rows[-1]
    assert (None, "unscored", "the judge timed out") == (
        unscored["gen_ai.evaluation.score.value"],
        unscored["gen_ai.evaluation.score.label"],
        unscored["gen_ai.evaluation.explanation"],
    )


def test_a_row_a_call_holds_the_whole_interaction():
    """Messages have the form of the conventions: roles and parts; tool calls and images too."""
    tool_call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"id": 1}'}}
    image = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
    request = Request(
        model="bedrock/anthropic.claude",
        messages=(
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]},
            {"role": "assistant", "content": None, "tool_calls": [tool_call]},
            {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
        ),
        settings={"temperature": 0.2, "stop": "END", "max_tokens": 9, "max_completion_tokens": 8, "logprobs": True},
        trial=0,
    )
    call = Response(text="A c", request=request, outcome=Outcome.TRUNCATED, model="claude-1", n_output_tokens=9)
    row = of_call(call)
    assert [
        {"role": "system", "parts": [{"type": "text", "content": "Be kind."}]},
        {"role": "user", "parts": [{"type": "text", "content": "What is this?"}, image]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": '{"id": 1}'}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "a cat"}]},
    ] == row["gen_ai.input.messages"]
    assert [{"role": "assistant", "parts": [{"type": "text", "content": "A c"}], "finish_reason": "length"}] == row[
        "gen_ai.output.messages"
    ]
    assert ("aws.bedrock", "anthropic.claude") == (row["gen_ai.provider.name"], row["gen_ai.request.model"])
    assert (0.2, ["END"], 9) == tuple(
        row[f"gen_ai.request.{name}"] for name in ("temperature", "stop_sequences", "max_tokens")
    )
    assert {"logprobs": True, "max_completion_tokens": 8} == row["llmeval.request.settings"]
    assert (None, 9) == (row["gen_ai.usage.input_tokens"], row["gen_ai.usage.output_tokens"])


def test_calls_of_tools_and_further_choices_are_answers_too():
    """One message a choice, as the conventions have it."""
    more = {
        "tool_calls": [{"id": "c1", "name": "look", "arguments": '{"id": 1}'}],
        "choices": [{"text": "or so", "outcome": "truncated"}],
    }
    row = of_call(replace(answer(""), more=more))
    called = {"type": "tool_call", "id": "c1", "name": "look", "arguments": '{"id": 1}'}
    assert [
        {"role": "assistant", "parts": [called], "finish_reason": "tool_call"},
        {"role": "assistant", "parts": [{"type": "text", "content": "or so"}], "finish_reason": "length"},
    ] == row["gen_ai.output.messages"]
    assert ["tool_call", "length"] == row["gen_ai.response.finish_reasons"]


def test_all_formats_hold_the_same_rows(run, tmp_path):
    """Typed where the format has types."""
    for kind in FORMATS:
        assert 0 == run("--to", kind, "--rows", "calls", "--last", "2", "--output", f"out/x.{kind}")[0]
    lines = [json.loads(line) for line in (tmp_path / "out" / "x.jsonl").read_text("ascii").splitlines()]
    table = pq.read_table(tmp_path / "out" / "x.parquet").to_pylist()
    with (tmp_path / "out" / "x.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert 30 == len(lines) == len(table) == len(cells)
    assert list(lines[0]) == list(table[0]) == list(cells[0])
    assert [row["gen_ai.usage.input_tokens"] for row in lines] == [row["gen_ai.usage.input_tokens"] for row in table]
    name = "gen_ai.input.messages"
    assert [row[name] for row in lines] == [json.loads(row[name]) for row in table]
    assert [row[name] for row in lines] == [json.loads(row[name]) for row in cells]
    assert 0o600 == stat.S_IMODE((tmp_path / "out" / "x.csv").stat().st_mode)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_cell_of_a_spreadsheet_is_a_formula(text):
    """A text of a model gets an apostrophe; a number does not."""
    check = replace(relevance(0.1, text), origin=text)
    result = case(SUPPORT, text, text, (check,), (answer(text),))
    found = FORMATS["csv"](scores(session(results=(result,), branch=text))).decode()
    (row,) = csv.DictReader(io.StringIO(found, newline=""))
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    assert f"'{text}" == row["llmeval.check.text"]
    assert "0.1" == row["gen_ai.evaluation.score.value"]


@pytest.mark.parametrize("kind", FORMATS)
def test_any_text_can_be_exported(kind, tmp_path):
    """Lone surrogates, NUL and nothing at all."""
    result = case(SUPPORT, "x\ud800", "s", (relevance(0.1, "a\ud800\x00"),), (answer("\ud800\x00"),))
    for rows in (scores, calls):
        assert FORMATS[kind](rows(session(results=(result,))))
        assert isinstance(FORMATS[kind](rows(session(results=()))), bytes)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, None, 2], [1, None, 2]),
        ([0, 0.5], [0.0, 0.5]),
        ([True, None], [True, None]),
        ([1, "auto", True], ["1", "auto", "True"]),
        ([2**70, 1], [str(2**70), "1"]),
        ([None, None], [None, None]),
    ],
)
def test_a_column_of_parquet_has_one_type(values, expected):
    """Settings are what users sent: several types in a column become text."""
    content = FORMATS["parquet"]([{"x": value} for value in values])
    assert expected == pq.read_table(io.BytesIO(content)).column("x").to_pylist()


def test_the_kinds_of_pytest_are_written_later_as_then(run, tmp_path):
    """From the stored session, by its id."""
    status, out, _ = run("--to", "md", OLD, "--output", "page.md")
    assert (0, b"md of 20260131T120000Z-1f2e3d4c written to page.md\n") == (status, out)
    assert markdown.render(session(id=OLD)) == (tmp_path / "page.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--to", "md", OLD, NEW], "--to md is of one session"),
        (["--to", "parquet"], "say where to: --output scores.parquet"),
        (["--to", "csv", OLD, "--last", "2"], "ids and --last say two things"),
        (["--to", "xml"], "invalid choice"),
    ],
)
def test_what_cannot_be_done_says_so(run, argv, said):
    """Exit status 4."""
    status, _, complaint = run(*argv)
    assert (4, True) == (status, said in complaint)


@pytest.mark.parametrize("kind", ["mlflow", "pushgateway"])
def test_a_server_without_an_address_is_asked_for(run, kind):
    """Neither the settings nor the command name one."""
    status, _, complaint = run("--to", kind)

    assert 4 == status
    assert f"LLMEVAL_{kind.upper()}" in complaint
    assert "--output URL" in complaint


def test_a_gateway_that_is_away_leaves_the_session(run, tmp_path):
    """Named, exit status 4, and nothing is changed."""
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        status, _, complaint = run("--to", "pushgateway", "--output", f"http://127.0.0.1:{free.getsockname()[1]}")

    assert 4 == status
    assert "is not in the Pushgateway" in complaint
    assert before == sorted(path.name for path in tmp_path.rglob("*"))
