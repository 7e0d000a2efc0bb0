"""Promises of ``llmeval baseline prune``: only what is gone goes, and no answer that a baseline stands on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.records import CheckId, Plan, PlannedCase, Trial
from pytest_llmeval.store.record import to_line
from tests.unit.baseline_project import ELSE, EU, OTHER, TEST, US, Checkout, result_of, session_of
from tests.unit.test_commands_baseline_doctor import response_of

if TYPE_CHECKING:
    from pathlib import Path

SAFE = CheckId(TEST, "refund-eu", "safe")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """Return a project with a baseline of three cases in two modules, of which one module is there."""
    made = Checkout(tmp_path / "project", monkeypatch, capsys)
    made.write("tests/test_support.py", "")
    made.run(result_of(EU, 1.0), result_of(US, 0.5), result_of(ELSE, 0.25))
    made.accept()
    return made


def test_a_case_and_a_test_that_are_gone_go(checkout: Checkout):
    """Said first, done with ``--yes``; the file of the test goes with its last line."""
    checkout.run(result_of(EU, 0.0), id="s2")

    told = checkout.call("prune")
    assert f"case - {US} 0.500 (1)" in told
    assert f"test - {ELSE} 0.250 (1)" in told
    assert "2 of 3 lines would go; nothing was changed: --yes does it" in told
    assert 3 == len(checkout.lines)
    assert "would go" in checkout.call("prune", "--yes", "--dry-run")

    assert "2 lines taken out" in checkout.call("prune", "--yes")
    assert {EU: (1.0,)} == checkout.scores
    assert ["tests/test_support/test_support.jsonl"] == list(checkout.bytes())
    assert not (checkout.folder / "tests" / "test_other").exists()


def test_a_check_that_is_no_longer_made_goes_only_where_its_case_ran_to_its_end(checkout: Checkout):
    """A trial that broke off before it came to the check says nothing."""
    both = result_of(EU, 1.0)
    safe = result_of(SAFE, 1.0).trials[0].checks
    whole = replace(both, trials=(replace(both.trials[0], checks=both.trials[0].checks + safe),))
    others = (result_of(US, 0.5), result_of(ELSE, 0.25))
    checkout.run(whole, *others, id="s2")
    checkout.accept()

    checkout.run(replace(both, trials=(replace(both.trials[0], error="boom"),)), *others, id="s3")
    assert "0 of 4 lines would go" in checkout.call("prune")
    checkout.run(replace(both, n_planned=2), *others, id="s4")
    assert "0 of 4 lines would go" in checkout.call("prune")
    checkout.run(both, *others, id="s5")
    assert f"check - {SAFE} 1.000 (1)" in checkout.call("prune")


def test_a_case_that_was_skipped_is_not_gone(checkout: Checkout):
    """It is in the plan."""
    skipped = replace(result_of(US), outcome="skipped")
    checkout.run(result_of(EU, 1.0), skipped, result_of(ELSE, 0.25), id="s2")

    assert "0 of 3 lines would go" in checkout.call("prune")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"selection": "-k eu"}, "only a selection was run (-k eu)"),
        ({"stopped": "-x"}, "it was stopped (-x)"),
        ({"lost": ("t.py::lost",)}, "'t.py::lost' brought no result"),
        (
            {"plan": Plan(cases={"n": PlannedCase(id=EU.case_id)}, n_deselected=2)},
            "2 tests were deselected",
        ),
    ],
)
def test_a_session_that_was_not_whole_shows_nothing_gone(checkout: Checkout, fields: dict, why: str):
    """FAULTS 3: what did not run is not gone."""
    checkout.run(result_of(EU, 1.0), id="s2", **fields)

    assert why in checkout.call("prune", "--yes", status=4)
    assert 3 == len(checkout.lines)


def test_a_module_that_exists_and_was_not_run_is_not_gone(checkout: Checkout):
    """``pytest tests/test_support.py``: nothing in the session says that it was one file."""
    checkout.write("tests/test_other.py", "")
    checkout.run(result_of(EU, 1.0), result_of(US, 0.5), id="s2")

    assert "tests/test_other.py exists and was not run" in checkout.call("prune", "--yes", status=4)
    assert 3 == len(checkout.lines)


def test_a_stale_session_prunes_nothing(checkout: Checkout):
    """The test may have come back since."""
    checkout.commit()
    checkout.run(result_of(EU, 1.0), id="s2", commit="0" * 40)

    assert "is stale" in checkout.call("prune", "--yes", status=4)


def test_a_pattern_prunes_its_own_lines_only(checkout: Checkout):
    """The others stay, gone or not."""
    checkout.run(result_of(EU, 1.0), id="s2")

    checkout.call("prune", f"{OTHER}*", "--yes")

    assert {EU, US} == checkout.scores.keys()


def test_runs_that_no_line_names_go(checkout: Checkout):
    """Left by hand, or by a merge."""
    name = "tests/test_support/test_support.jsonl"
    path = checkout.folder / name
    before = path.read_bytes()
    path.write_text(path.read_text() + path.read_text().splitlines()[-1].replace('"s1"', '"s0"') + "\n")
    checkout.run(result_of(EU, 1.0), result_of(US, 0.5), result_of(ELSE, 0.25), id="s2")

    assert f"baselines/{name}:4: unused: no line names run 's0'" in checkout.call("prune")
    checkout.call("prune", "--yes")

    assert before == path.read_bytes()


class Recorded:
    """Four recordings of a module: one that a baseline names, one that another does, one that is used, an old one."""

    def __init__(self, checkout: Checkout) -> None:
        self.named, self.elsewhere, self.used, self.old = (response_of(text, 0) for text in "abcd")
        recordings = [self.named, self.elsewhere, self.used, self.old]
        self.path = checkout.write(
            "tests/recordings/test_support.jsonl", "".join(f"{to_line(response)}\n" for response in recordings)
        )

    @property
    def texts(self) -> list[str]:
        """What is still recorded."""
        return [line.split('"text": ')[1][1] for line in self.path.read_text().splitlines()]


def of(id_: CheckId, origin: str, **trial: object):
    """Return a case whose one draw has an origin."""
    result = result_of(id_, 1.0)
    check = replace(result.trials[0].checks[0], origin=origin)
    return replace(result, trials=(Trial(index=0, checks=(check,), **trial),))


def test_recordings_that_nothing_needs_are_named_and_go_when_asked(checkout: Checkout):
    """Named by no baseline, and not used by the session, for a test or for a judge."""
    recorded = Recorded(checkout)
    checkout.leave(session_of(of(EU, recorded.named.origin), result_of(US, 0.5), result_of(ELSE, 0.25), id="s2"))
    checkout.accept()
    checkout.leave(session_of(of(EU, recorded.elsewhere.origin), id="s3"))
    checkout.accept("--baseline=@release")
    checkout.leave(
        session_of(of(EU, "x", judge_calls=(recorded.used,)), result_of(US, 0.5), result_of(ELSE, 0.25), id="s4")
    )

    told = checkout.call("prune")
    assert "test_support.jsonl: 2 of 4 recordings are named by no baseline; 1 are unused too" in told
    checkout.call("prune", "--yes")
    assert ["a", "b", "c", "d"] == recorded.texts

    assert "1 recordings taken out" in checkout.call("prune", "--yes", "--recordings")
    assert ["a", "b", "c"] == recorded.texts


def test_recordings_stay_whole_where_a_score_stands_on_what_nobody_can_tell(checkout: Checkout):
    """A text that the application made of several answers."""
    recorded = Recorded(checkout)
    checkout.leave(session_of(of(EU, "of several answers"), result_of(US, 0.5), result_of(ELSE, 0.25), id="s2"))
    checkout.accept()

    told = checkout.call("prune", "--yes", "--recordings")

    assert "kept whole; some scores stand on a text of several answers" in told
    assert ["a", "b", "c", "d"] == recorded.texts
