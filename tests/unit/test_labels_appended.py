"""Labels are written one by one, by several at once, and never half."""

import errno
import os
import subprocess
import sys

import pytest

from pytest_llmeval.datasets import labels
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records.label import Label

MANY = """
import sys
from pathlib import Path
from pytest_llmeval.datasets import labels
from pytest_llmeval.records.label import Label
for number in range(200):
    labels.append(Path(sys.argv[1]), Label(output=f"{sys.argv[2]} {number} " + "x" * 5000, value=1.0))
"""


def _read(path):
    return [label for _, label in labels.read(path, path.name)]


def test_two_processes_that_write_at_once_lose_nothing(tmp_path):
    """400 labels of 5,000 characters, each on a line of its own, each writer's in its order."""
    path = tmp_path / "labels.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", MANY, str(path), name]) for name in ("anna", "ben")]  # noqa: S603 - ours
    assert [0, 0] == [writer.wait() for writer in writers]

    written = [label.output.split()[:2] for label in _read(path)]

    assert 400 == len(written)
    for name in ("anna", "ben"):
        assert [str(number) for number in range(200)] == [number for who, number in written if who == name]


def test_a_last_line_without_its_end_is_ended_first(tmp_path):
    """An editor has left it so; nothing that a person wrote is taken off."""
    path = tmp_path / "labels.jsonl"
    path.write_text('{"output": "by hand", "label": 0}', encoding="utf-8")

    labels.append(path, Label(output="ours", value=1.0))

    assert ["by hand", "ours"] == [label.output for label in _read(path)]


def test_a_file_of_labels_is_an_ordinary_file(tmp_path):
    """Made with its folder, readable as any file of the user's: it is for git."""
    path = tmp_path / "labels" / "support.jsonl"

    before = os.umask(0o022)
    try:
        labels.append(path, Label(output="ours", value=1.0))
    finally:
        os.umask(before)

    assert 0o644 == path.stat().st_mode & 0o777


def test_a_label_that_does_not_fit_on_the_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    """The kernel takes half of it: that half is taken back, and the person is told."""
    path = tmp_path / "labels.jsonl"
    labels.append(path, Label(output="whole", value=1.0))
    before, write = path.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[: len(data) // 2]))

    with pytest.raises(UsageError, match=r"the label cannot be written to") as caught:
        labels.append(path, Label(output="half", value=1.0))

    assert os.strerror(errno.ENOSPC) == caught.value.found
    assert before == path.read_bytes()


def test_a_file_that_was_replaced_while_we_waited_is_not_written_to(tmp_path, monkeypatch):
    """Git has checked another one out between opening and locking: the label goes into the new file."""
    path = tmp_path / "labels.jsonl"
    labels.append(path, Label(output="old", value=1.0))
    lock, n_locked = labels.fcntl.flock, []

    def replaced(descriptor, kind):
        lock(descriptor, kind)
        n_locked.append(descriptor)
        if len(n_locked) == 1:
            path.rename(tmp_path / "gone")
            path.write_text('{"output": "new", "label": 1}\n', encoding="utf-8")

    monkeypatch.setattr(labels.fcntl, "flock", replaced)
    labels.append(path, Label(output="ours", value=1.0))

    assert ["new", "ours"] == [label.output for label in _read(path)]
    assert 2 == len(n_locked)


def test_a_folder_in_its_place_is_said(tmp_path):
    """In three lines, and no traceback."""
    with pytest.raises(UsageError, match="the label cannot be written to"):
        labels.append(tmp_path, Label(output="x", value=1.0))
