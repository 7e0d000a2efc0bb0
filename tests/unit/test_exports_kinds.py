"""One table says which files a session can be written to."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports.kinds import FILES
from pytest_llmeval.options.parsing import REPORTS
from tests.unit.sessions import session


def test_the_flag_takes_every_kind_of_file_and_the_terminal():
    """What --llmeval-report allows is the table."""
    assert {"term", *FILES} == set(REPORTS)


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_makes_its_folder_and_writes_a_file(kind, tmp_path):
    """Also where the folder is not there yet."""
    path = tmp_path / "new" / FILES[kind].file
    FILES[kind].write(session(), path)
    assert path.stat().st_size > 100


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_cannot_be_written_is_a_named_error(kind, tmp_path):
    """It names the path, and the flag that would name another."""
    (tmp_path / "folder").write_text("a file", encoding="utf-8")
    path = tmp_path / "folder" / FILES[kind].file
    with pytest.raises(LlmevalError) as raised:
        FILES[kind].write(session(), path)
    assert str(path) in raised.value.what
    assert f"--llmeval-report={kind}:PATH" in raised.value.hint
