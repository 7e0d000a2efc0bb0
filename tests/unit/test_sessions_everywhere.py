"""Which session a command is about: this machine's own need nobody else."""

from __future__ import annotations

import pytest

from pytest_llmeval.commands import project
from pytest_llmeval.commands.sessions import everywhere
from pytest_llmeval.gather import session_file
from tests.unit.sessions import session

OLD, NEW = "20260131T120000Z-1f2e3d4c", "20260301T120000Z-aa00bb11"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("", NEW), (OLD, OLD), (f".llmeval/sessions/{OLD}.jsonl", OLD)],
    ids=["newest", "id", "file"],
)
def test_what_this_machine_has_run_asks_no_database_of_a_team(tmp_path, monkeypatch, capsys, said, meant):
    """Nobody waits for one that is away, and nothing is said of it, where a judge is to look at one's own session."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMEVAL_STORE", "postgresql://nobody@127.0.0.1:1/none")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for id_ in (OLD, NEW):
        session_file.write(session(id=id_), tmp_path / ".llmeval")

    found = everywhere.read(project.find(None), said)

    assert meant == found.id
    assert ("", "") == capsys.readouterr()
