"""What to run next: one command for each thing that is not as it should be, that a shell takes as it is."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from pytest_llmeval.exports.next_steps import recording, steps
from pytest_llmeval.exports.worst import worst_lines
from pytest_llmeval.records import Against, Comparison, Rerun, SessionVerdict, Verdict
from pytest_llmeval.records.against import Confirmation
from tests.unit.sessions import REFUND_ID, SUPPORT, answer, case, relevance, session

GOOD = case(SUPPORT, "eu", "support", (relevance(0.9),), (answer("x"),))


def commands(found) -> list[str]:
    """Return the commands of a session."""
    return [step.command for step in steps(found, worst_lines(found))]


def _word(verdict: Verdict) -> SessionVerdict:
    return SessionVerdict(verdict=verdict, comparisons=(Comparison(suite="s", metric="m", verdict=verdict),))


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.UNCHANGED, []),
        (Verdict.IMPROVED, []),
        (Verdict.UNDECIDED, ["llmeval run --until-decided"]),
        (Verdict.NO_BASELINE, ["pytest --llmeval-baseline-update=new-only"]),
        (Verdict.REGRESSED, ["llmeval baseline diff"]),
    ],
)
def test_each_verdict_has_its_command_and_a_good_one_none(verdict, expected):
    """Nothing is to be done where nothing is wrong."""
    assert expected == commands(session(results=(GOOD,), verdict=_word(verdict)))


def test_a_regression_against_a_commit_can_be_confirmed_once():
    """Not again where that has been done."""
    confirm = "pytest --llmeval-gate=pr --llmeval-cache=refresh --llmeval-confirm"
    against = Against(commit="1f0c", name="origin/main")
    rerun = Rerun(
        id=REFUND_ID,
        word=Confirmation.CONFIRMED,
        stored_mean=0.9,
        base_mean=0.9,
        base_trials=5,
        current_mean=0.3,
        current_trials=5,
    )
    assert confirm in commands(session(against=against))
    assert confirm not in commands(session(against=replace(against, reruns=(rerun,))))
    assert confirm not in commands(session())


@pytest.mark.parametrize("name", ["it's", "$(rm -rf .)", "a b", "`x`", "; ls"])
def test_a_case_whose_name_is_an_attack_stays_one_word(name):
    """A person copies the command into a shell."""
    low = case(SUPPORT, name, "support", (relevance(0.1),), (answer("x"),))
    (command,) = commands(session(results=(low,), verdict=None))
    assert ["llmeval", "sessions", "show", "--case", f"{SUPPORT}[{name}]"] == shlex.split(command)


def test_what_is_not_recorded_comes_first_and_a_fork_cannot_do_it():
    """It has no key."""
    missed = replace(GOOD, has_miss=True)
    found = session(results=(missed,), verdict=None)
    assert [f"pytest --llmeval-cache=auto '{SUPPORT}[eu]'"] == commands(found)
    assert recording(found).why.endswith("to record it")
    fork = replace(found, against=Against(is_fork=True))
    assert "a maintainer who has read the branch" in recording(fork).why
    assert recording(session(results=(GOOD,))) is None


def test_of_many_unrecorded_tests_their_files_are_named():
    """A command of a thousand names is none."""
    many = [case("a.py::t", str(n), "s", (relevance(0.9),), (answer("x"),)) for n in range(30)]
    missed = tuple(replace(one, has_miss=True) for one in many)
    assert "pytest --llmeval-cache=auto a.py" == recording(session(results=missed)).command


def test_a_run_that_is_not_whole_is_run_again():
    """With the gate where there was one."""
    assert ["pytest --llmeval-gate=pr"] == commands(
        session(results=(GOOD,), verdict=_word(Verdict.UNCHANGED), lost=("a.py::t",))
    )
    assert ["pytest"] == commands(session(results=(GOOD,), verdict=None, selection="-k eu"))
