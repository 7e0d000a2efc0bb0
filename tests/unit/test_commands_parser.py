"""What the command line takes, whatever the command."""

from __future__ import annotations

import pytest

from pytest_llmeval.commands import main


@pytest.mark.parametrize("group", ["cache", "sessions"])
@pytest.mark.parametrize("said", ["soon", "-1", "inf", "nan"])
def test_an_age_that_is_no_number_of_days_is_refused(group, said, capsys):
    """Before anything is looked for."""
    assert 4 == main([group, "prune", f"--older-than={said}"])
    assert f"argument --older-than: {said!r} is no number of days" in capsys.readouterr().err
