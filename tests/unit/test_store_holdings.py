"""Reading all that is stored: of older schemas and of part 1's recordings too, beside writers, without a trace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.records import Provenance
from pytest_llmeval.store import holdings
from pytest_llmeval.store.pruning import drop_rows
from pytest_llmeval.store.sqlite import SqliteCache
from tests.unit.cache_project import answer_to, asked

EXAMPLES = Path(__file__).parents[2] / "example_tests"
N = 200


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the example suite is not part of what is installed")
def test_the_recordings_of_the_example_suite_are_whole(capsys):
    """They were made by the first version: each still has its key, its origin and its request."""
    assert 0 == main(["cache", "verify", "--rootdir", str(EXAMPLES)])
    assert "nothing is damaged" in capsys.readouterr().out
    paths = holdings.recordings_below(EXAMPLES, "recordings")
    assert 6 == len(paths)
    for path in paths:
        held = holdings.of_recordings(path)
        assert len(path.read_bytes().splitlines()) == len(held.stored)
        assert {Provenance.REPLAYED} == {one.response.provenance for one in held.stored}


def test_recordings_are_found_below_the_project_and_nowhere_else(tmp_path):
    """Not in hidden folders, environments, or other people's packages; another name is another folder."""
    for folder in ("recordings", "a/b/recordings", ".tox/recordings", "node_modules/x/recordings", "env/x/recordings"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "test_x.jsonl").touch()
        (tmp_path / folder / "notes.txt").touch()
    (tmp_path / "env" / "pyvenv.cfg").touch()

    found = [path.relative_to(tmp_path).as_posix() for path in holdings.recordings_below(tmp_path, "recordings")]

    assert ["a/b/recordings/test_x.jsonl", "recordings/test_x.jsonl"] == found
    assert [] == holdings.recordings_below(tmp_path, "cassettes")
    assert [] == holdings.recordings_below(tmp_path, "")


def test_what_a_row_holds_comes_back_whole(tmp_path):
    """The request too, of which a hit reads nothing."""
    path = tmp_path / ".llmeval" / "llmeval.db"
    cache = SqliteCache(path)
    answer = answer_to(asked("how\udc80?", settings={"seed": 1}, trial=None), "text\x00\u2028")
    cache.put(answer)
    cache.close()

    (one,) = holdings.of_working_cache(path).stored

    assert (answer.request, answer.text, answer.origin) == (
        one.response.request,
        one.response.text,
        one.response.origin,
    )


# The checkout comes last on the path: the package itself is the installed one.
WRITER = """
import sys
from pathlib import Path
sys.path.append(sys.argv[1])
from pytest_llmeval.store.sqlite import SqliteCache
from tests.unit.cache_project import answer_to, asked
cache = SqliteCache(Path(sys.argv[2]))
for n in range(int(sys.argv[4])):
    cache.put(answer_to(asked(f"{sys.argv[3]} {n}")))
cache.close()
"""


def _writing(path, name):
    command = [sys.executable, "-c", WRITER, str(Path(__file__).parents[2]), str(path), name, str(N)]
    return subprocess.Popen(command)  # noqa: S603


def test_listing_and_pruning_beside_writers_lose_no_row_of_theirs(tmp_path):
    """Two processes store while this one lists and takes out what was there before."""
    path = tmp_path / ".llmeval" / "llmeval.db"
    assert 0 == _writing(path, "old").wait()
    writers = [_writing(path, name) for name in "ab"]
    old = [one for one in holdings.of_working_cache(path).stored if one.response.request.question.startswith("old")]

    assert N == sum(drop_rows(path, [(one.place, one.response.recorded_at)]) for one in old)

    assert [0, 0] == [writer.wait() for writer in writers]
    held = holdings.of_working_cache(path)
    assert {f"{name} {n}" for name in "ab" for n in range(N)} == {one.response.request.question for one in held.stored}
    assert () == held.damaged


def test_a_row_that_was_recorded_anew_meanwhile_stays(tmp_path):
    """Between the look and the prune another process asked again."""
    path = tmp_path / ".llmeval" / "llmeval.db"
    cache = SqliteCache(path)
    cache.put(old := answer_to(asked(), days_old=9))
    (one,) = holdings.of_working_cache(path).stored
    cache.put(answer_to(asked(), "new"))
    cache.close()

    assert 0 == drop_rows(path, [(one.place, old.recorded_at)])
    assert ["new"] == [one.response.text for one in holdings.of_working_cache(path).stored]
