"""What may be believed: damage is counted and said, stale is said with its reason, a changed prompt finds nothing."""

import sqlite3
from contextlib import closing

import pytest

from pytest_llmeval.store.record import from_line, to_line

SUITE = """
from pytest_llmeval import assert_score

def test_first(llm):
    assert_score("n", len(llm("first question", system="Be kind.").text) > 0)

def test_second(llm):
    assert_score("n", len(llm("second question", system="Be kind.").text) > 0)
"""


def _recorded(project, loopback, more=""):
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\n{more}")
    project.write("test_suite.py", SUITE)
    assert 0 == project.run().ret
    return project.path / "recordings" / "test_suite.jsonl"


def _told(result, start):
    return [line for line in result.stdout.lines if line.startswith(start)]


def test_a_damaged_recording_is_said_once_with_its_line(project, loopback, way):
    """However many workers have read the file; it was not replayed, but asked again."""
    path = _recorded(project, loopback)
    (project.path / ".llmeval" / "llmeval.db").unlink()
    path.write_text(path.read_text().replace('"text": "second', '"text": "edited second'))

    result = project.run(*way)

    assert 0 == result.ret
    assert 3 == len(loopback.requests)
    (said,) = _told(result, "llmeval: 1 stored answer is damaged")
    assert "counted as not there (recordings/test_suite.jsonl line" in said
    assert "see: llmeval cache verify" in said


def test_a_damaged_row_is_said_and_asked_again(project, loopback, way):
    """In the working cache; each row once."""
    _recorded(project, loopback, "llmeval_recordings =\n")
    with closing(sqlite3.connect(project.path / ".llmeval" / "llmeval.db")) as connection:
        connection.execute("UPDATE responses SET recorded_at = '2020-01-01T00:00:00Z'")
        connection.commit()
    for path in project.path.rglob("recordings/*.jsonl"):
        path.unlink()

    result = project.run(*way)

    (said,) = _told(result, "llmeval: 2 stored answers are damaged")
    assert ".llmeval/llmeval.db row of key " in said
    assert 4 == len(loopback.requests)


def test_a_cache_that_was_set_aside_is_said_whoever_found_it(project, loopback, way):
    """The controller looks at it before there is a worker, and has no report of its own to say so."""
    _recorded(project, loopback)
    (project.path / ".llmeval" / "llmeval.db").write_text("no database" * 1_000)

    result = project.run(*way)

    assert 0 == result.ret
    assert 1 == len([line for line in result.stdout.lines if "it was set aside as" in line])
    assert 2 == len(loopback.requests)


def _newer(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def _foreign(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
        connection.commit()


RUINS = {
    "garbage": (lambda path: path.write_text("no database" * 1_000), True),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:5_000]), True),
    "foreign": (_foreign, True),
    "newer": (_newer, False),
    "folder": (lambda path: (path.unlink(), path.mkdir()), False),
}


@pytest.mark.parametrize(("ruin", "is_set_aside"), RUINS.values(), ids=RUINS.keys())
def test_a_cache_that_cannot_be_read_stops_a_replay_and_is_never_deleted(project, loopback, ruin, is_set_aside):
    """Exit status 4 with the path, and the file as it was; where calls are allowed, damage is set aside, whole."""
    _recorded(project, loopback)
    path = project.path / ".llmeval" / "llmeval.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    ruin(path)
    before = path.read_bytes() if path.is_file() else b""

    replayed = project.run("--llmeval-cache=replay")

    assert 4 == replayed.ret
    assert ".llmeval/llmeval.db" in (said := replayed.stderr.str())
    assert "Traceback" not in said
    assert before == (path.read_bytes() if path.is_file() else b"")

    asked = project.run()

    assert (0 if is_set_aside else 4) == asked.ret, asked.stdout.str() + asked.stderr.str()
    kept = [other for other in path.parent.glob("llmeval.db*") if other.is_file() and other.read_bytes() == before]
    assert bool(before) == bool(kept)


def test_what_is_whole_is_not_spoken_of(project, loopback, way):
    """No damage, no staleness, no line."""
    _recorded(project, loopback)
    assert "damaged" not in (said := project.run(*way).stdout.str())
    assert "stale" not in said


def _age(path, **fields):
    """Let the recordings be as if they had been made on New Year's Day 2020, each whole."""
    from dataclasses import replace

    from pytest_llmeval.calls.key import origin

    aged = []
    for number, line in enumerate(path.read_text().splitlines()):
        response = from_line(line)
        at = f"2020-01-0{number + 1}T00:00:00.000000Z"
        changed = {name: value[number] for name, value in fields.items()}
        aged.append(replace(response, recorded_at=at, origin=origin(response.key, response.text, at), **changed))
    path.write_text("".join(f"{to_line(response)}\n" for response in aged))


def test_a_stale_recording_is_said_with_its_reason_and_its_case(project, loopback, way):
    """By its age, without a gate as well."""
    path = _recorded(project, loopback, "llmeval_max_age = 30\n")
    _age(path)

    result = project.run(*way, "--llmeval-cache=replay")

    assert 0 == result.ret
    (said,) = _told(result, "llmeval: 2 cases stale")
    assert "recorded longer ago than llmeval_max_age allows" in said
    assert "test_suite.py::test_first" in said


def test_another_build_since_is_said_with_its_case(project, loopback, way):
    """The fingerprint is another than that of the model's newest recording."""
    path = _recorded(project, loopback)
    _age(path, fingerprint=["fp_1", "fp_2"])

    result = project.run(*way, "--llmeval-cache=replay")

    (said,) = _told(result, "llmeval: 1 case stale")
    assert "recorded with another build of openai/echo than its newest recording" in said


def test_a_stale_recording_never_passes_a_changed_prompt(project, loopback, way):
    """A comma in the system message: a miss in replay, a new question in auto, however old the recording is."""
    path = _recorded(project, loopback, "llmeval_max_age = 30\n")
    _age(path)
    (project.path / ".llmeval" / "llmeval.db").unlink()
    project.write("test_suite.py", SUITE.replace("Be kind.", "Be kind, please."))

    replayed = project.run(*way, "--llmeval-cache=replay")
    n_before, missed = len(loopback.requests), [result.has_miss for result in project.session.results]
    asked = project.run(*way)

    replayed.assert_outcomes(failed=2)
    assert [True, True] == missed
    asked.assert_outcomes(passed=2)
    assert 2 == n_before == len(loopback.requests) - 2
    assert [] == _told(asked, "llmeval: ")


def test_explain_names_what_changed_since_the_recording(project, loopback, way):
    """From the misses of the last session, with the changed words; every test that it concerns, once."""
    _recorded(project, loopback)
    project.write("test_suite.py", SUITE.replace("Be kind.", "Be rude."))
    project.run(*way, "--llmeval-cache=replay")

    said = project.pytester.run("llmeval", "cache", "explain")

    assert 0 == said.ret
    said.stdout.fnmatch_lines(
        [
            "2 requests not stored; the nearest stored one differs in system message:",
            "    system message: Be [[]-kind.-] {+rude.+}",
            "  test_suite.py::test_first (trial 0, key *)",
            "  test_suite.py::test_second (trial 0, key *)",
        ]
    )
