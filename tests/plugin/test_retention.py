"""Sessions are kept as long as ``llmeval_retention`` says, and forever where nobody says."""

from __future__ import annotations

from pytest_llmeval.commands import main

TEST = """
from pytest_llmeval import assert_safe

def test_it(llm):
    assert_safe(llm("hello"))
"""


def _old(project) -> None:
    folder = project.path / ".llmeval" / "sessions"
    (project.path / ".llmeval").chmod(0o700)
    project.write(".llmeval/sessions/20200101T000000Z-1.jsonl", "{}")
    assert folder.is_dir()


def test_sessions_older_than_their_retention_go_at_the_end_of_a_run(project, provider, way):
    """The session of the run itself stays, and nothing goes where no days are set."""
    project.write("test_a.py", TEST)
    project.run(*way)
    _old(project)
    project.run(*way)
    folder = project.path / ".llmeval" / "sessions"
    assert 3 == len(list(folder.iterdir()))
    project.run(*way, "-o", "llmeval_retention=30")
    names = {path.stem for path in folder.iterdir()}
    assert (3, True) == (len(names), project.session.id in names)
    assert "20200101T000000Z-1" not in names


def test_a_case_is_shown_whatever_was_pruned(project, provider, capsys, monkeypatch):
    """Neither the working cache nor the recordings are needed: the session holds its own copies."""
    project.write("test_a.py", TEST)
    project.run()
    (project.path / ".llmeval" / "llmeval.db").unlink()
    for path in (project.path / "recordings").glob("*"):
        path.unlink()
    monkeypatch.chdir(project.path)
    capsys.readouterr()
    assert 0 == main(["sessions", "show", "--case", "*test_it"])
    out = capsys.readouterr().out
    assert "user:\n    hello\n" in out
    assert "check safety: 1, threshold 0.5" in out
    assert f"session {project.session.id}" in out
