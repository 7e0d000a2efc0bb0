"""Promises of ``llmeval init``: a project that runs at once, and nothing changed that was there."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.commands import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, str]:
    """Return every file's text by its path."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_an_empty_folder_gets_a_test_a_pytest_ini_and_the_lines_for_git(folder: Path):
    """The first minute."""
    assert 0 == main(["init"])

    found = files(folder)
    assert {"tests/test_llm.py", "pytest.ini", ".gitignore", ".gitattributes"} == found.keys()
    assert found["pytest.ini"].startswith("[pytest]\n")
    assert "\nllmeval_baseline = baselines\n" in found["pytest.ini"]
    assert ".llmeval/\n" == found[".gitignore"]
    assert "**/recordings/*.jsonl merge=union\n" == found[".gitattributes"]


def test_it_prints_the_next_three_commands(folder: Path, capsys: pytest.CaptureFixture[str]):
    """A newcomer copies them."""
    main(["init"])

    assert [
        "next:",
        "  pytest tests/test_llm.py",
        '  llmeval baseline accept --reason "first scores"',
        "  pytest --llmeval-gate=pr",
    ] == capsys.readouterr().out.splitlines()[-4:]


def test_a_second_run_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]):
    """Not even a file's time."""
    main(["init"])
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    capsys.readouterr()

    assert 0 == main(["init"])

    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert 4 == capsys.readouterr().out.count("as it was")


def test_what_exists_is_kept(folder: Path):
    """A test of the same name, and files without a newline at their end."""
    (folder / "tests").mkdir()
    (folder / "tests" / "test_llm.py").write_text("mine")
    (folder / ".gitignore").write_text("*.log")
    (folder / ".gitattributes").write_text("*.png binary\n")

    main(["init"])

    found = files(folder)
    assert "mine" == found["tests/test_llm.py"]
    assert "*.log\n.llmeval/\n" == found[".gitignore"]
    assert "*.png binary\n**/recordings/*.jsonl merge=union\n" == found[".gitattributes"]


@pytest.mark.parametrize("line", [".llmeval", "/.llmeval/", "  .llmeval/  "])
def test_an_equal_line_in_gitignore_will_do(folder: Path, line: str):
    """It is there already, in other words."""
    (folder / ".gitignore").write_text(f"{line}\n")

    main(["init"])

    assert f"{line}\n" == (folder / ".gitignore").read_text()


@pytest.mark.parametrize(
    ("name", "text", "section", "line"),
    [
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\n",
            "[tool.pytest.ini_options]",
            'llmeval_baseline = "baselines"',
        ),
        ("pyproject.toml", '[tool.pytest]\naddopts = ["-q"]\n', "[tool.pytest]", 'llmeval_baseline = "baselines"'),
        ("pytest.toml", "", "[pytest]", 'llmeval_baseline = "baselines"'),
        ("pytest.ini", "", "[pytest]", "llmeval_baseline = baselines"),
        ("tox.ini", "[pytest]\n", "[pytest]", "llmeval_baseline = baselines"),
        ("setup.cfg", "[tool:pytest]\n", "[tool:pytest]", "llmeval_baseline = baselines"),
    ],
)
def test_a_configuration_that_exists_is_told_what_to_add_and_left_as_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, section: str, line: str
):
    """Nobody's file is edited behind their back, in the form that its file takes."""
    (folder / name).write_text(text)

    main(["init"])

    printed = capsys.readouterr().out
    assert f"{name}: add to {section}" in printed
    assert line in [shown.strip() for shown in printed.splitlines()]
    assert text == (folder / name).read_text()
    assert name == "pytest.ini" or not (folder / "pytest.ini").exists()


@pytest.mark.parametrize(
    ("name", "text"), [("pyproject.toml", "[project]\n"), ("tox.ini", "[tox]\n"), ("setup.cfg", "")]
)
def test_a_file_that_does_not_configure_pytest_is_not_asked_to(folder: Path, name: str, text: str):
    """pytest.ini is made beside it."""
    (folder / name).write_text(text)

    main(["init"])

    assert (folder / "pytest.ini").exists()
    assert text == (folder / name).read_text()


def test_from_a_folder_below_it_finds_the_project(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Root files go to the root, the test to the folder that was named."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "src").mkdir()
    monkeypatch.chdir(folder / "src")

    main(["init", "smoke"])

    assert {"pytest.ini", ".gitignore", ".gitattributes", "src/smoke/test_llm.py"} == files(folder).keys()


def test_a_configuration_that_cannot_be_parsed_is_a_named_error(folder: Path, capsys: pytest.CaptureFixture[str]):
    """And nothing is written."""
    (folder / "pyproject.toml").write_text("[tool")

    assert 4 == main(["init"])

    assert f"llmeval: {str(folder / 'pyproject.toml')!r} cannot be parsed\n" in capsys.readouterr().err
    assert {"pyproject.toml"} == files(folder).keys()


def test_a_folder_that_cannot_be_made_is_a_named_error(folder: Path, capsys: pytest.CaptureFixture[str]):
    """No traceback."""
    (folder / "tests").write_text("in the way")

    assert 4 == main(["init"])

    assert capsys.readouterr().err.startswith("llmeval: ")


def test_the_test_it_writes_passes_without_key_and_network(folder: Path):
    """With the user's own function, by the command that it prints; no test of it is skipped."""
    main(["init"])
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/test_llm.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
