"""Promises of ``llmeval cache``: what is stored is listed, shown, checked, moved and taken out as it says."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_llmeval.gather import session_file
from pytest_llmeval.records import Baseline, BaselineRun, CheckId, Draw, Line, Trial
from pytest_llmeval.store import baselines
from pytest_llmeval.store.record import to_line
from tests.unit.baseline_project import EU, result_of, session_of
from tests.unit.cache_project import SYSTEM, Store, answer_to, asked

TEST = "tests/test_support.py::test_support"


@pytest.fixture
def store(tmp_path, monkeypatch, capsys):
    """A project in which nothing is stored."""
    return Store(tmp_path / "project", monkeypatch, capsys)


def damage_rows(store):
    """Change the body of every row, as a bad disk would."""
    with closing(sqlite3.connect(store.working)) as connection:
        connection.execute("UPDATE responses SET body = CAST(body || x'00' AS BLOB)")
        connection.commit()


# -- ls and show --------------------------------------------------------------------------------------------------


def test_each_answer_is_listed_once_with_every_place_that_has_it(store):
    """The older one of a key says that it is not replayed any more."""
    old, new = answer_to(asked(), "old", days_old=3), answer_to(asked(), "new")
    store.record(old, new)
    store.work(new)

    said = store.call("ls").splitlines()

    key = new.key[:12]
    assert said[1].startswith(f"{key} openai/m 0 refund? 3 d")
    assert said[1].endswith("tests/recordings/test_support.jsonl older")
    assert re.match(rf"{key} openai/m 0 refund\? \d+ min ", said[2])
    assert said[2].endswith(".llmeval/llmeval.db, tests/recordings/test_support.jsonl")
    assert said[4].startswith("2 answers in 2 files, ")


@pytest.mark.parametrize("pattern", ["*refund*", "openai/*", "*test_support.jsonl", "KEY"])
def test_a_pattern_picks_by_question_model_file_or_key(store, pattern):
    """One that picks nothing is an error."""
    answer = answer_to(asked("What of [my] refund?"))
    store.record(answer)
    store.work(answer_to(asked("Where?", model="other/m")))

    assert "1 answer in 1 file" in store.call("ls", answer.key[:9] if pattern == "KEY" else pattern)
    assert "picks none of 2 stored answers" in store.call("ls", "nothing*", status=4)


def test_a_stale_answer_says_why(store, monkeypatch):
    """By its days, or because its model has another build since."""
    monkeypatch.setenv("LLMEVAL_MAX_AGE", "30")
    store.record(answer_to(asked("a"), days_old=31), answer_to(asked("b"), days_old=2, fingerprint="fp1"))
    store.work(answer_to(asked("c"), fingerprint="fp2"))

    said = store.call("ls")

    assert "stale: recorded longer ago than llmeval_max_age allows" in said.splitlines()[1]
    assert "stale: recorded with another build of openai/m than its newest recording" in said.splitlines()[2]
    assert "stale" not in said.splitlines()[3]


def test_an_empty_project_stores_nothing_and_nothing_is_made(store):
    """A look leaves no file."""
    assert "nothing is stored" in store.call("ls")
    assert "nothing is damaged" in store.call("verify")
    assert ["pytest.ini", "tests"] == sorted(path.name for path in store.root.iterdir())


def test_a_request_is_shown_whole_and_nothing_in_it_is_obeyed(store):
    """Control sequences, CI commands and marks that reorder a line are no part of what is printed."""
    text = "first line\n\n  indented\n::error::forged\n##vso[task]\x1b[2J\u202eabc\x07"
    store.record(answer_to(asked(temperature := "how?", settings={"temperature": 0.5, "stop": ["\x1b[1m"]}), text))

    shown = store.raw("show", answer_to(asked(temperature, settings={"temperature": 0.5, "stop": ["\x1b[1m"]})).key[:8])

    assert f"system:\n    {SYSTEM}\nuser:\n    how?\n" in shown
    assert "settings.temperature: 0.5\n" in shown
    assert "    first line\n\n      indented\n    : :error::forged\n    # #vso[task]abc\n" in shown
    assert [] == [char for char in shown if not char.isprintable() and char != "\n"]


def test_what_stands_beside_an_answer_is_shown_too(store):
    """Calls and choices whole, of tokens and vectors how many; nothing of it is obeyed either."""
    more = {
        "tool_calls": [{"id": "1", "name": "find\x1b[2J", "arguments": '{"q": "pens"}\n::error::forged'}],
        "choices": [{"text": "In a month.", "outcome": "truncated"}],
        "logprobs": [["In", -0.5, []]],
        "vectors": ["AACAPw=="],
        "first_token_s": 0.25,
    }
    response = answer_to(asked(), "", **more)
    store.record(response)

    shown = store.raw("show", response.key[:8])

    expected = [
        'calls find:\n    {"q": "pens"}\n    : :error::forged\n',
        "choice 2, truncated:\n    In a month.\n",
        "logprobs:\n    of 1 tokens\n",
        "vectors:\n    1, of 1 numbers\n",
        "streamed:\n    first token after 0.250 s, in 0 pieces\n",
    ]
    assert [] == [part for part in expected if part not in shown]
    assert [] == [char for char in shown if not char.isprintable() and char != "\n"]


def test_a_beginning_that_means_several_names_them(store):
    """And one that means none says how many there are."""
    store.record(answer_to(asked("a")), answer_to(asked("b")))

    assert "2 stored requests begin with ''" in store.call("show", "", status=4)
    assert "0 stored requests begin with 'xyz'\n2 are stored, 0 damaged" in store.call("show", "xyz", status=4)


# -- explain ------------------------------------------------------------------------------------------------------


def missed(store, *requests):
    """Leave a session behind that missed these requests."""
    result = result_of(EU, outcome="failed", has_miss=True, missed=tuple(requests))
    session_file.write(session_of(result), store.root / ".llmeval")


@pytest.mark.parametrize(
    ("fields", "part", "words"),
    [
        (
            {"system": SYSTEM.replace("kind", "rude")},
            "system message",
            "... of a shop. Be [-kind-] {+rude+} and brief.",
        ),
        ({"question": "refunds, when?"}, "messages", "[-refund?-] {+refunds, when?+}"),
        ({"model": "openai/n"}, "model", '"openai/m" -> "openai/n"'),
        ({"api_base": "http://127.0.0.1/v1"}, "api_base", '"" -> "http://127.0.0.1/v1"'),
        ({"settings": {"seed": 1}}, "settings.seed", "not set -> 1"),
        ({"trial": 3}, "trial", "0 -> 3"),
        ({"system": SYSTEM + "\n"}, "system message", "blanks, or how the text is divided"),
    ],
)
def test_the_part_that_changed_is_named_with_its_words(store, fields, part, words):
    """Against the nearest stored request, wherever it stands."""
    store.record(answer_to(asked()))
    missed(store, asked(**fields))

    said = store.call("explain")

    assert f"1 request not stored; the nearest stored one differs in {part}:\n{part}: {words}" in said


def test_misses_of_one_cause_are_told_once(store):
    """A changed system prompt touches every case; three are named."""
    store.work(*(answer_to(asked(f"question {n}")) for n in range(5)))
    missed(store, *(asked(f"question {n}", system="Be brief.") for n in range(5)))

    said = store.call("explain")

    assert 1 == said.count("differs in")
    assert "5 requests not stored" in said
    assert "and 2 more" in said


def test_a_request_that_is_stored_says_so(store):
    """One in a file, as a recording holds it; and the calls of a test that missed nothing."""
    answer = answer_to(asked())
    store.record(answer)
    (store.root / "request.json").write_text(to_line(answer))
    result = replace(result_of(EU), trials=(Trial(index=0, calls=(answer,)),))
    session_file.write(session_of(result), store.root / ".llmeval")

    assert "1 request found by its key: replayed" in store.call("explain", "--request", "request.json")
    assert "1 request found by its key: replayed" in store.call("explain", f"{TEST}*")
    assert "missed nothing" in store.call("explain")
    assert "TEST 'other' is none of the 1" in store.call("explain", "other", status=4)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": "m", "messages": 3}', '{"model": "m", "temperature": 1}'])
def test_what_is_no_request_is_refused(store, text):
    """With an example of one."""
    (store.root / "request.json").write_text(text)

    assert "'request.json' holds no request" in store.call("explain", "--request", "request.json", status=4)


# -- verify -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("Within 14", "Within 30", "does not fit the text"),
        ("refund?", "rebate?", "its key does not fit its request"),
        ('{"key"', '{"kex"', "no recording: no field 'key'"),
        ('{"key"', "<<<<<<< HEAD", "a conflict marker"),
    ],
)
def test_an_edited_recording_is_named_by_file_and_line(store, old, new, why):
    """Its text, its request, its form; the exit status is 4."""
    store.record(answer_to(asked("first?")), answer := answer_to(asked()))
    store.edit(answer, old, new)

    said = store.call("verify", status=4)

    assert f"tests/recordings/test_support.jsonl:2: {'' if why[0] in 'ina' else 'origin'}" in said
    assert why in said
    assert "tests/recordings/test_support.jsonl: 1 answer whole, 1 damaged" in said


def test_a_recording_that_was_cut_off_is_named(store):
    """As a full disk or a kill leaves it."""
    store.record(answer_to(asked()))
    store.recordings.write_bytes(store.recordings.read_bytes()[:-20])

    assert ":1: cut off: the line has no end" in store.call("verify", status=4)


def test_a_damaged_row_is_named_and_pruned(store):
    """The working cache has seals; what does not fit its own is never served, and may go."""
    store.work(answer_to(asked()), answer_to(asked("b")))
    damage_rows(store)

    assert ".llmeval/llmeval.db:2: it does not fit its seal" in store.call("verify", status=4)
    assert "damaged, and not served: llmeval cache verify" in store.call("ls")
    assert "are stored, 2 damaged" in store.call("show", "xyz", status=4)
    assert "2 answers taken out" in store.call("prune", "--unneeded", "--yes")
    assert "nothing is damaged" in store.call("verify")


def test_a_file_that_is_no_cache_is_named_and_left(store):
    """Never set aside, let alone replaced, by a look."""
    store.working.parent.mkdir()
    store.working.write_text("no database" * 1000)

    assert ".llmeval/llmeval.db cannot be used" in store.call("verify", status=4)
    assert store.working.read_text().startswith("no database")


# -- export and import --------------------------------------------------------------------------------------------


def test_what_is_exported_is_imported_as_it_was(store):
    """In equal bytes, oldest first; a second export adds nothing."""
    answers = [answer_to(asked(f"question {n}"), f"answer \udc80 {n}", days_old=9 - n) for n in range(4)]
    store.work(*reversed(answers))

    assert "4 answers written to all.jsonl" in store.call("export", "all.jsonl")
    assert "0 answers written to all.jsonl; it has 4 of them already" in store.call("export", "all.jsonl")
    assert "".join(f"{to_line(answer)}\n" for answer in answers) == (store.root / "all.jsonl").read_text()
    assert (store.root / "all.jsonl").read_text() == store.raw("export", "-")
    store.working.unlink()
    assert "4 answers stored in .llmeval/llmeval.db" in store.call("import", "all.jsonl")
    assert [answer.text for answer in answers] == store.texts()
    assert "0 answers stored in .llmeval/llmeval.db; 4 are there" in store.call("import", "all.jsonl")


def test_only_what_the_pattern_picks_is_exported(store):
    """By the question, as in ls."""
    store.work(answer_to(asked("a")), answer_to(asked("b")))
    store.call("export", "some.jsonl", "b")
    assert ["b"] == [
        json.loads(line)["request"]["messages"][-1]["content"]
        for line in (store.root / "some.jsonl").read_text().splitlines()
    ]


def test_the_newest_answer_stands_whatever_the_order(store, monkeypatch):
    """Of two lines of one key, and against what is there."""
    old, new = answer_to(asked(), "old", days_old=2), answer_to(asked(), "new", days_old=1)
    content = f"{to_line(new)}\n{to_line(old)}\n".encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert "1 answer stored" in store.call("import", "-")
    assert ["new"] == store.texts()
    (store.root / "old.jsonl").write_text(f"{to_line(old)}\n")
    assert "0 answers stored" in store.call("import", "old.jsonl")
    assert ["new"] == store.texts()


def test_damaged_lines_are_left_out_of_an_import_and_named(store):
    """The others are stored; the exit status says that something was wrong."""
    good, bad = answer_to(asked("a")), to_line(answer_to(asked("b"))).replace("14 days", "15 days")
    (store.root / "in.jsonl").write_text(f"{bad}\n{to_line(good)}\nno JSON\n")

    said = store.call("import", "in.jsonl", status=4)

    assert "in.jsonl:1: origin" in said
    assert "in.jsonl:3: no recording" in said
    assert "1 answer stored in .llmeval/llmeval.db; 2 damaged lines left out" in said


# -- prune --------------------------------------------------------------------------------------------------------


def test_nothing_goes_without_yes(store):
    """And nothing says what is to go: an error."""
    store.work(answer_to(asked(), days_old=100))

    assert "would go: 1 answer of .llmeval/llmeval.db" in store.call("prune", "--older-than", "90")
    assert "nothing was changed" in store.call("prune", "--older-than", "90", "--yes", "--dry-run")
    assert "nothing says what is to go" in store.call("prune", status=4)
    assert 1 == len(store.texts())


def test_what_is_older_goes_and_what_is_not_stays(store):
    """From the working cache only, unless recordings are meant too."""
    old, new = answer_to(asked("a"), "old", days_old=100), answer_to(asked("b"), "new")
    store.work(old, new)
    store.record(old, new)

    assert "1 answer taken out of .llmeval/llmeval.db" in store.call("prune", "--older-than", "90", "--yes")
    assert ["new"] == store.texts()
    assert 2 == len(store.recordings.read_text().splitlines())
    store.call("prune", "--older-than", "90", "--recordings", "--yes")
    assert [to_line(new)] == store.recordings.read_text().splitlines()


def test_what_a_recording_a_baseline_or_a_session_needs_stays(store):
    """The rest goes; of the recordings only what neither a baseline nor a session needs."""
    recorded, named, used, free = (answer_to(asked(word), word) for word in ("recorded", "named", "used", "free"))
    store.work(recorded, named, used, free)
    store.record(recorded, named)
    line = Line(id=CheckId(TEST, "", "m"), suite="session", draws=(Draw(1.0, "s1", named.origin),))
    baselines.write_lines(
        store.root / "baselines", [line], [BaselineRun(id="s1", recorded_at="2026-01-01T00:00:00Z")], new_only=False
    )
    assert isinstance(baselines.read(store.root / "baselines"), Baseline)
    result = replace(result_of(EU), trials=(Trial(index=0, calls=(used,)),))
    session_file.write(session_of(result), store.root / ".llmeval")

    store.call("prune", "--unneeded", "--recordings", "--yes")

    assert ["named", "recorded", "used"] == store.texts()
    assert [to_line(named)] == store.recordings.read_text().splitlines()


def test_a_named_recording_stays_whatever_its_age(store):
    """A score stands on it."""
    named = answer_to(asked(), days_old=400)
    store.record(named)
    line = Line(id=CheckId(TEST, "", "m"), suite="session", draws=(Draw(1.0, "s1", named.origin),))
    baselines.write_lines(
        store.root / "baselines", [line], [BaselineRun(id="s1", recorded_at="2026-01-01T00:00:00Z")], new_only=False
    )

    assert "nothing to take out" in store.call("prune", "--older-than", "1", "--recordings", "--yes")


def test_a_session_that_cannot_be_read_stops_a_prune(store):
    """Nobody knows what it needs."""
    store.work(answer_to(asked()))
    (store.root / ".llmeval" / "sessions").mkdir()
    (store.root / ".llmeval" / "sessions" / "s.jsonl").write_text("{")

    assert "s.jsonl cannot be read, so nobody knows what it needs" in store.call(
        "prune", "--unneeded", "--yes", status=4
    )
    assert 1 == len(store.texts())
