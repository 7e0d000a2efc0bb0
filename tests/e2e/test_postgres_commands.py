"""The commands on a team's PostgreSQL: what one machine has stored and run, every machine lists, shows and prunes."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval.loopback import Loopback
from tests.e2e import database
from tests.plugin.judging import honest

pytestmark = pytest.mark.e2e

JUDGED = """
import pytest
from pytest_llmeval import assert_rubric

@pytest.mark.llmeval
def test_kind(llmeval):
    assert_rubric("a good answer", "It is kind.", metric="kind")
"""


def test_every_machine_lists_shows_and_compares_all_sessions(machine):
    """Of the team, by ids and by ~1; what was fetched once is not fetched again."""
    a, b, c = (machine(name) for name in "abc")
    a.passes()
    b.passes("--llmeval-cache=refresh")
    ids = [a.session.id, b.session.id]
    listed = c.says("sessions", "ls")
    assert all(id_ in listed for id_ in ids)
    assert "2 sessions stored" in listed
    assert f"session {ids[0]}" in c.says("sessions", "show", ids[0])
    assert "answer to question 3" in c.says("sessions", "show", ids[0][-8:], "--case", "*[3]*")
    assert ids[1] in c.says("sessions", "compare")
    assert "2 sessions" in c.says("sessions", "trend")
    assert ids[0] in c.says("export", "--to", "jsonl", ids[0])
    modes = {path.stat().st_mode & 0o777 for path in (c.folder / ".llmeval/team/sessions").iterdir()}
    assert {0o600} == modes


@pytest.fixture
def judged(machine):
    """Make machines whose suite is one judged check, by name; their judge passes what says "good"."""
    with Loopback(honest) as judge:

        def make(name):
            made = machine(name)
            (made.folder / "test_suite.py").write_text(JUDGED)
            with (made.folder / "pytest.ini").open("a") as ini:
                ini.write(f"llmeval_judge = openai/j\nllmeval_judge_api_base = {judge.url}\n")
            return made

        yield make


def test_a_session_of_any_machine_is_judged_again(judged):
    """By its id; without one it is this machine's newest, and the newest of all where it has run nothing."""
    a, b = judged("a"), judged("b")
    a.passes()
    theirs = f"session {a.session.id}, 1 of 1 judged scores scored again"
    for said in ([a.session.id], [a.session.id[-8:]], []):
        assert theirs in b.says("rejudge", *said, "--judge", "openai/k")
    b.passes()
    ours = f"session {b.session.id}, 1 of 1 judged scores scored again"
    assert ours in b.says("rejudge")
    assert ours in a.says("rejudge", "~0")
    assert theirs in a.says("rejudge")


def test_answers_of_any_machine_are_labelled_and_speak_for_their_suite(judged):
    """By the id of their session, which is another than this machine's newest."""
    a, b = judged("a"), judged("b")
    a.passes()
    b.passes()
    for said in (["--session", a.session.id], []):
        assert "1 of 1 answer to label, random, by anna" in b.says("label", "next", "--by=random", "--who=anna", *said)
    rows = [
        {"output": f"a {word} one, {n}", "label": int(word == "good")} for word in ("good", "bad") for n in range(3)
    ]
    label = {"metric": "kind", "rubric": "It is kind.", "input": "?", "who": "anna", "picked": "random"}
    lines = (json.dumps({**label, **row}) + "\n" for row in rows)
    (b.folder / "labels.jsonl").write_text("".join(lines))
    assert f"session {a.session.id}: people would call" in b.says(
        "judge", "check", "labels.jsonl", "--session", a.session.id
    )


def test_a_session_is_sent_once_whenever_that_is(machine, store):
    """By the run, or later by hand, any number of times (FAULTS 20)."""
    a = machine("a")
    a.passes()
    for _ in range(2):
        assert f"{a.session.id} is in the store" in a.says("export", "--to", "store")
    assert [(a.session.id,)] == database.sql(store, "SELECT id FROM llmeval.sessions")


def test_old_sessions_are_deleted_for_all(machine, store):
    """Those of the team, and those of this machine; the newest stays."""
    a = machine("a")
    a.passes()
    old = "20200101T000000Z-00000000"
    database.sql(
        store, "INSERT INTO llmeval.sessions (id, branch, body) SELECT %s, '', body FROM llmeval.sessions", old
    )
    assert "1 session older than 30 days" in a.says("sessions", "prune", "--older-than", "30")
    a.says("sessions", "prune", "--older-than", "30", "--yes")
    assert [(a.session.id,)] == database.sql(store, "SELECT id FROM llmeval.sessions")


def test_retention_holds_in_the_database_as_well(machine, store):
    """At the end of each run."""
    a = machine("a")
    a.passes()
    old = "20200101T000000Z-00000000"
    database.sql(
        store, "INSERT INTO llmeval.sessions (id, branch, body) SELECT %s, '', body FROM llmeval.sessions", old
    )
    a.passes(LLMEVAL_RETENTION="30")
    ids = {id_ for (id_,) in database.sql(store, "SELECT id FROM llmeval.sessions")}
    assert old not in ids
    assert a.session.id in ids


def test_what_is_stored_is_listed_shown_and_checked(machine, store):
    """From a machine that has run nothing."""
    machine("a").passes()
    b = machine("b")
    listed = b.says("cache", "ls", "*question 3*")
    assert "postgresql://llmeval@127.0.0.1" in listed
    key = next(line.split()[0] for line in listed.splitlines() if "question 3" in line)
    assert "answer to question 3" in b.says("cache", "show", key)
    assert "6 answers whole, 0 damaged" in b.says("cache", "verify")
    database.sql(store, r"UPDATE llmeval.responses SET body = body || '\xff' WHERE n = 2")
    status, said = b.command("cache", "verify")
    assert 4 == status
    assert ":2: it does not fit its seal" in said
    assert "1 damaged" in b.says("cache", "ls")


def test_answers_travel_by_files_and_are_taken_out(machine, store, postgres_server):
    """From a database to a file, from there to another database, and out of it."""
    a = machine("a")
    a.passes()
    a.says("cache", "export", "answers.jsonl")
    database.sql(store, "CREATE DATABASE elsewhere")
    b = machine("b", postgres_server.url("elsewhere"))
    try:
        assert "6 answers stored in postgresql://" in b.says("cache", "import", str(a.folder / "answers.jsonl"))
        assert "would go: 6 answers" in b.says("cache", "prune", "--unneeded")
        assert "6 answers taken out" in b.says("cache", "prune", "--unneeded", "--yes")
        assert "nothing is stored" in b.says("cache", "ls")
    finally:
        database.sql(store, "DROP DATABASE elsewhere")


def test_a_draft_is_accepted_into_the_teams_store(machine, provider, store):
    """It stood in a folder of its own until then, and the team's answers as they were."""
    a = machine("a")
    a.passes()
    rows = "SELECT head, recorded_at FROM llmeval.responses"
    before = set(database.sql(store, rows))
    a.says("cache", "refresh", "--drift")
    assert before == set(database.sql(store, rows))
    a.says("cache", "refresh", "--accept")
    after = set(database.sql(store, rows))
    assert {head for head, _ in before} == {head for head, _ in after}
    assert not before & after
    assert 12 == len(provider.requests)


def test_a_plan_looks_into_the_teams_store(machine, provider):
    """And buys nothing."""
    machine("a").passes()
    b = machine("b")
    b.passes()
    said = b.passes("--llmeval-plan")
    assert "calls: 6 replayed, none live" in said
    assert 6 == len(provider.requests)


def test_the_store_says_what_is_there(machine, store):
    """Version, schema, rows, size, and who else."""
    import psycopg

    a = machine("a")
    a.passes("--llmeval-budget-usd=1")
    with psycopg.connect(store, application_name="pytest-llmeval"):
        said = a.says("store", "check")
    for text in (
        "server    PostgreSQL",
        "as role llmeval",
        "schema    llmeval, version 1",
        "answers   6,",
        "sessions  1,",
    ):
        assert text in said
    assert "others    1 connection from 127.0.0.1" in said
    assert "schema llmeval is ready" in a.says("store", "init")


def test_a_store_in_a_file_needs_no_database(machine):
    """It is looked at, and never made."""
    a = machine("a", "sqlite:///answers/team.db")
    status, said = a.command("store", "init")
    assert (4, True) == (status, "nothing is to be made" in said)
    a.passes()
    assert (a.folder / "answers/team.db").exists()
    assert "answers   6," in a.says("store", "check")


@pytest.mark.parametrize("place", ["environment", "flag", "ini"])
def test_the_password_is_in_no_file_and_no_output(machine, store, place):
    """Wherever the address was given; the ini file itself is the user's own."""
    a = machine("a", store if place == "environment" else "")
    flags = [f"--llmeval-store={store}"] if place == "flag" else []
    if place == "ini":
        with (a.folder / "pytest.ini").open("a") as ini:
            ini.write(f"llmeval_store = {store}\n")
    reports = [f"--llmeval-report={kind}" for kind in ("term", "json", "junit", "md", "prom")]
    status, said = a.run("-vv", "--showlocals", "--llmeval-budget-usd=1", *reports, *flags, "-n2")
    assert 0 == status, said
    if place != "flag":
        said += a.says("store", "check") + a.says("sessions", "show") + a.says("cache", "ls")
    (a.folder / "test_suite.py").write_text("def test_it(llm):\n    assert llm('failing').text == 'x'\n")
    said += a.run("-vv", "--showlocals", "--llmeval-cache=replay", *flags)[1]
    assert database.PASSWORD not in said
    written = [path for path in a.folder.rglob("*") if path.is_file() and path.name != "pytest.ini"]
    assert [] == [path for path in written if database.PASSWORD.encode() in path.read_bytes()]
    assert any(path.name.endswith(".jsonl") for path in written)
