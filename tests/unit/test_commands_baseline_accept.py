"""Promises of ``llmeval baseline accept`` and ``reject``: never from a session of other code, and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.baseline_project import ELSE, EU, NOON_S, US, Checkout, result_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """Return a project with one commit, and a session of it."""
    made = Checkout(tmp_path / "project", monkeypatch, capsys)
    made.write("app.py", "PROMPT = 'old'\n")
    made.commit()
    made.run(result_of(EU, 1.0, 1.0), result_of(US, 0.5))
    return made


def test_before_the_first_commit_everything_may_be_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """``git init``, pytest, accept, and then the first commit."""
    made = Checkout(tmp_path / "project", monkeypatch, capsys)
    made.run(result_of(EU, 1.0))

    assert "1 of 1 lines stored as the baseline, by Ada: first" in made.accept()


def test_a_session_of_the_present_code_is_accepted_edited_or_not(checkout: Checkout):
    """A changed prompt is run, accepted and then committed together."""
    checkout.write("app.py", "PROMPT = 'another'\n")
    checkout.write("tests/recordings/test_support.jsonl", "{}\n", at_s=NOON_S + 60)

    checkout.accept()

    assert {EU: (1.0, 1.0), US: (0.5,)} == checkout.scores


def test_what_was_edited_after_the_session_makes_it_stale(checkout: Checkout):
    """Its scores are not those of the prompt that stands here; the files are named."""
    checkout.write("app.py", "PROMPT = 'newer'\n", at_s=NOON_S + 60)
    checkout.write("notes.txt", "not known to git", at_s=NOON_S + 60)

    told = checkout.call("accept", "--reason", "x", status=4)

    assert "llmeval: session 's1' is stale and makes no baseline\nedited since: 'app.py'\n" in told
    assert {} == checkout.scores


def test_a_session_of_another_commit_is_stale(checkout: Checkout):
    """With what changed between the two."""
    first = checkout.git("rev-parse", "HEAD")
    checkout.write("app.py", "PROMPT = 'another'\n")
    head = checkout.commit()

    told = checkout.call("accept", "--reason", "x", status=4)

    assert f"it ran on commit {first[:12]}, and HEAD is {head[:12]}; between them changed 'app.py'" in told


def test_a_session_of_a_commit_that_is_gone_is_stale(checkout: Checkout):
    """After a rebase nobody can tell what it ran on."""
    checkout.run(result_of(EU, 1.0), commit="0123456789" * 4)

    assert "this clone does not hold the first" in checkout.call("accept", "--reason", "x", status=4)


def test_commits_of_baseline_and_recordings_leave_a_session_fresh(checkout: Checkout):
    """Accept one line, commit it, accept the next from the same session."""
    checkout.accept("refund-eu")
    checkout.write("tests/recordings/test_support.jsonl", "{}\n")
    checkout.commit()

    checkout.accept("refund-us")

    assert {EU, US} == checkout.scores.keys()


def test_what_was_forced_says_so_in_the_file(checkout: Checkout):
    """For every fault of the session."""
    checkout.write("app.py", "PROMPT = 'newer'\n", at_s=NOON_S + 60)
    checkout.run(result_of(EU, 1.0), stopped="-x")

    checkout.accept("--force")

    assert "forced: first (it was stopped (-x); edited since: 'app.py')" == checkout.lines[EU].acceptance.reason


def test_a_dry_run_says_all_and_changes_nothing(checkout: Checkout):
    """Old and new means, and by whom."""
    checkout.accept()
    before = checkout.bytes()
    checkout.run(result_of(EU, 0.0, 0.0), id="s2")

    told = checkout.accept("--dry-run")

    assert f"changed - {EU} 1.000 (2) 0.000 (2) -1.000" in told
    assert "1 of 1 lines would be stored as the baseline, by Ada: first\nnothing was changed" in told
    assert before == checkout.bytes()


def test_a_waiver_that_is_over_today_is_refused(checkout: Checkout):
    """It would never hold."""
    assert "--expires=2020-01-01 is over" in checkout.call(
        "accept", "--reason", "x", "--expires", "2020-01-01", status=4
    )


def test_reject_restores_what_head_has_and_removes_what_is_new(checkout: Checkout):
    """And says which; a line that was not picked keeps its acceptance."""
    checkout.accept("refund-eu")
    checkout.commit()
    committed = checkout.bytes()
    checkout.run(result_of(EU, 0.0), result_of(US, 0.5), result_of(ELSE, 0.25), id="s2")
    checkout.accept()

    told = checkout.call("reject", "refund-*")

    assert f"restored - {EU} 0.000 (1) 1.000 (2) +1.000" in told
    assert f"removed - {US} 0.500 (1) -" in told
    assert "2 of 3 uncommitted lines taken back" in told
    assert {EU: (1.0, 1.0), ELSE: (0.25,)} == checkout.scores

    checkout.call("reject")
    assert committed == checkout.bytes()
    assert "nothing to take back" in checkout.call("reject")


def test_reject_before_the_first_commit_removes_every_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """There is nothing to go back to."""
    made = Checkout(tmp_path / "project", monkeypatch, capsys)
    made.run(result_of(EU, 1.0))
    made.accept()

    made.call("reject")

    assert {} == made.bytes()


def test_reject_in_a_dry_run_changes_nothing(checkout: Checkout):
    """It says what would go."""
    checkout.accept()
    before = checkout.bytes()

    assert "2 of 2 uncommitted lines would be taken back\nnothing was changed" in checkout.call("reject", "--dry-run")
    assert before == checkout.bytes()


def test_reject_without_git_is_an_error(checkout: Checkout, monkeypatch: pytest.MonkeyPatch):
    """Nobody knows what stood there."""
    checkout.accept()
    (checkout.root / ".git").rename(checkout.root.parent / "away")

    assert "is no git checkout" in checkout.call("reject", status=4)
    assert {EU, US} == checkout.scores.keys()
