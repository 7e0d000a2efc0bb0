"""Promises of ``llmeval baseline rollback``, ``log`` and ``show``: back to any commit, who did what, names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.unit.baseline_project import ELSE, EU, US, Checkout, result_of

if TYPE_CHECKING:
    from pathlib import Path

FILE = "tests/test_support/test_support.jsonl"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """Return a project whose baseline was committed twice: first EU at 1.0, then EU at 0.0 and ELSE."""
    made = Checkout(tmp_path / "project", monkeypatch, capsys)
    made.commit()
    for number, results in enumerate([[result_of(EU, 1.0)], [result_of(EU, 0.0), result_of(ELSE, 0.5)]], 1):
        made.run(*results, id=f"s{number}")
        made.accept()
        made.commit(f"baseline {number}")
    return made


def test_rollback_goes_to_any_commit(checkout: Checkout):
    """Files that it does not have go, those that it has come back byte for byte; a README is nobody's line."""
    first = {name: checkout.git("show", f"HEAD~1:baselines/{name}") + "\n" for name in [FILE]}
    checkout.write("baselines/README.md", "# Ours\n")

    told = checkout.call("rollback", "HEAD~1")

    assert f"restored - {EU} 0.000 (1) 1.000 (1) +1.000" in told
    assert f"removed - {ELSE} 0.500 (1) -" in told
    assert {**first, "README.md": "# Ours\n"} == {name: data.decode() for name, data in checkout.bytes().items()}
    assert "stands as at" in checkout.call("rollback", "HEAD~1")


def test_rollback_without_a_revision_undoes_the_last_change(checkout: Checkout):
    """What is not committed first, then the last commit."""
    committed = checkout.bytes()
    checkout.run(result_of(US, 1.0), id="s3")
    checkout.accept()

    assert "(baseline 2)" in checkout.call("rollback")
    assert committed == checkout.bytes()
    assert "(baseline 1)" in checkout.call("rollback")
    assert {EU: (1.0,)} == checkout.scores


def test_rollback_cures_a_baseline_that_cannot_be_read(checkout: Checkout):
    """That is when it is needed."""
    committed = checkout.bytes()
    (checkout.folder / FILE).write_text("<<<<<<< HEAD\n")

    checkout.call("rollback", "HEAD")

    assert committed == checkout.bytes()


def test_rollback_in_a_dry_run_changes_nothing(checkout: Checkout):
    """It says what would be."""
    before = checkout.bytes()

    assert "would stand as at" in checkout.call("rollback", "HEAD~1", "--dry-run")
    assert before == checkout.bytes()


@pytest.mark.parametrize(
    ("revision", "error"),
    [("nothing", "revision 'nothing' is no commit in this clone"), ("HEAD~2", "there is no baseline at 'HEAD~2'")],
)
def test_rollback_to_nowhere_is_an_error_and_changes_nothing(checkout: Checkout, revision: str, error: str):
    """Never an empty baseline."""
    before = checkout.bytes()

    assert error in checkout.call("rollback", revision, status=4)
    assert before == checkout.bytes()


def test_rollback_to_a_malformed_baseline_changes_nothing(checkout: Checkout):
    """One broken file of that commit, and none is restored."""
    before = checkout.bytes()
    (checkout.folder / FILE).write_text("<<<<<<< HEAD\n")
    broken = checkout.commit("broken")
    checkout.call("rollback", "HEAD~1")

    assert "is malformed at line 1" in checkout.call("rollback", broken, status=4)
    assert before == checkout.bytes()


def test_log_says_who_accepted_what_when_and_why(checkout: Checkout):
    """One row an act, and the commits; an expired one is marked."""
    checkout.run(result_of(US, 1.0), result_of(EU, 1.0), id="s3")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    checkout.call("accept", "refund-us", "--reason", "weak, see #12", "--author", "Grace", "--expires", tomorrow)
    path = checkout.folder / FILE
    path.write_text(path.read_text().replace('"reason":"first"', '"expires":"2026-02-01","reason":"old"'))

    told = checkout.call("log")

    assert f"Grace {tomorrow} 1 {US} weak, see #12" in told
    assert f"Ada 2026-02-01 EXPIRED 1 {EU} old" in told
    assert f"Ada - 1 {ELSE} first" in told
    head, before = checkout.git("log", "--format=%H %aI").splitlines()[:2]
    assert f"{head.split()[1]} Ada {head[:12]} baseline 2\n{before.split()[1]} Ada {before[:12]} baseline 1" in told
    assert "some of it is not committed yet" in told
    assert "EXPIRED 2026-02-01" in checkout.call("show", "refund-eu")


def test_log_of_one_line_names_its_own_commits(checkout: Checkout):
    """Those of its file."""
    told = checkout.call("log", "tests/test_other.py*")

    assert "baseline 2" in told
    assert "baseline 1" not in told


def test_log_names_lines_without_a_reason_and_works_without_git(checkout: Checkout):
    """``--llmeval-baseline-update`` gives none."""
    path = checkout.folder / FILE
    text = path.read_text()
    start, end = text.index('"acceptance"'), text.index('"case"')
    path.write_text(text[:start] + text[end:])
    (checkout.root / ".git").rename(checkout.root.parent / "away")

    assert "1 of 2 lines were stored by --llmeval-baseline-update" in checkout.call("log")


def test_a_named_baseline_stands_in_the_folder_and_is_none_of_its_lines(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
):
    """``--baseline=@release``; each is shown, changed and rolled back alone."""
    before = checkout.scores
    checkout.run(result_of(US, 0.75), id="s3")

    checkout.accept("--baseline=@release")

    assert before == checkout.scores
    assert (checkout.folder / "@release" / FILE).exists()
    assert "also here: --baseline=@release (1 file)" in checkout.call("show")
    assert str(US) in checkout.call("show", "--baseline=@release")
    monkeypatch.setenv("LLMEVAL_BASELINE", "@release")
    assert str(US) in checkout.call("show")
    monkeypatch.delenv("LLMEVAL_BASELINE")
    checkout.call("rollback", "HEAD~1")
    assert (checkout.folder / "@release" / FILE).exists()


@pytest.mark.parametrize("name", ["@", "@../up", "@a/b", "@.hidden", "@a b"])
def test_a_name_that_is_no_folders_name_is_refused(checkout: Checkout, name: str):
    """FAULTS 13: a name is never a path."""
    assert "is no name" in checkout.call("show", f"--baseline={name}", status=4)


def test_show_runs_prints_each_run_and_the_drift_between_them(checkout: Checkout):
    """Whose, when, of which commit, how far from the other; and in plain words what that means."""
    commit = checkout.git("rev-parse", "HEAD")
    checkout.run(result_of(EU, 1.0, 1.0), id="s3", started_at="2026-02-01T12:00:00Z")
    checkout.call("extend", "--session", ".llmeval/session.jsonl", "refund-eu")

    told = checkout.call("show", "--runs", "refund-eu")

    assert "- solved s2 2026-01-31T12:00:00Z " in told
    assert f"- solved s3 2026-02-01T12:00:00Z {commit[:12]} - 1 2 1.000 +0.333" in told
    assert (
        "- solved: the runs lie 100 points apart; noise between trials alone explains 100 points. No drift seen."
        in told
    )


def test_show_runs_of_one_run_says_that_it_cannot_see_drift(checkout: Checkout):
    """And what would show it."""
    told = "drift cannot be seen in the metric (one run): `llmeval baseline extend` draws another run of the same cases"
    assert told in checkout.call("show", "--runs")
