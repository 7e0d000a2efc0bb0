"""Texts wait for the end of a session, wherever there is room for them."""

from __future__ import annotations

import tempfile

import pytest

from pytest_llmeval.gather import spool
from pytest_llmeval.gather.spool import Spool


@pytest.fixture(autouse=True)
def small_memory(monkeypatch):
    """Two of the texts fit."""
    monkeypatch.setattr(spool, "_IN_MEMORY_BYTES", 200)


def filled():
    """A spool of ten texts."""
    made = Spool()
    for number in range(10):
        made.put(f"test_{number}", str(number) * 100)
    return made


def test_texts_come_back_as_they_were():
    """From memory and from the file."""
    texts = filled()
    assert [str(number) * 100 for number in range(10)] == [texts.get(f"test_{number}") for number in range(10)]


@pytest.mark.parametrize("name", ["test_0", "test_9"], ids=["memory", "file"])
def test_a_newer_text_takes_the_place_of_an_older(name):
    """A test that was run again."""
    texts = filled()
    texts.put(name, "again")
    assert "again" == texts.get(name)
    assert "5" * 100 == texts.get("test_5")


def test_without_room_on_disk_they_stay_in_memory(monkeypatch, tmp_path):
    """The folder for temporary files is gone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    texts = filled()
    assert [str(number) * 100 for number in range(10)] == [texts.get(f"test_{number}") for number in range(10)]


def test_a_disk_that_fills_up_between_two_texts_loses_none(monkeypatch):
    """A write that wrote less than it should has written nothing."""
    texts = filled()
    monkeypatch.setattr(spool.os, "pwrite", lambda descriptor, data, offset: len(data) - 1)
    texts.put("late", "x" * 500)
    assert ("x" * 500, "9" * 100) == (texts.get("late"), texts.get("test_9"))


def test_what_was_not_put_is_not_there():
    """No text for no name."""
    with pytest.raises(KeyError):
        Spool().get("test_a")
