"""``llmeval gate check`` before it runs anything: faults as they are typed, consent, the last report."""

from __future__ import annotations

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.commands.gate.consent import is_loopback
from pytest_llmeval.commands.gate.faults import parse_fault
from pytest_llmeval.errors import UsageError
from pytest_llmeval.gather import session_file, trust_file
from pytest_llmeval.records.trust import TrustReport
from tests.unit import sessions


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project that has never run."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("said", "environment", "arguments"),
    [
        ("SUPPORT_PROMPT=prompts/worse.md", {"SUPPORT_PROMPT": "prompts/worse.md"}, []),
        ("--llmeval-model=weaker", {}, ["--llmeval-model=weaker"]),
        ("A=1 B='two words' -p worse --x", {"A": "1", "B": "two words"}, ["-p", "worse", "--x"]),
        ("A=", {"A": ""}, []),
    ],
)
def test_a_fault_is_read_as_a_shell_would(said, environment, arguments):
    """Assignments, then arguments."""
    fault = parse_fault(said)

    assert (environment, arguments) == (fault.environment, fault.arguments)


@pytest.mark.parametrize("said", ["", "  ", "worse.md", "A=b worse.md", "A='"])
def test_a_fault_that_cannot_be_read_is_refused(said):
    """Before anything runs, with an example."""
    with pytest.raises(UsageError, match="--fault"):
        parse_fault(said)


def test_a_key_in_a_fault_is_not_shown(monkeypatch):
    """It would stand in the report."""
    monkeypatch.setenv("OTHER_TOKEN", "a-long-secret")

    assert "OPENAI_API_KEY=*** B=*** --x" == parse_fault("OPENAI_API_KEY=sk-123 B=a-long-secret --x").name


@pytest.mark.parametrize(
    ("endpoint", "is_here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:8000/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://127.0.0.1.example.org/v1", False),
        ("", False),
    ],
)
def test_only_this_machine_is_free(endpoint, is_here):
    """By the address, not by how it begins."""
    assert is_here is is_loopback(endpoint)


def test_nothing_is_bought_without_a_word(project, capfd):
    """What is not known to be free is refused, after it was said what would be called."""
    assert 4 == main(["gate", "check", "--fault", "A=b"])

    out, err = capfd.readouterr()
    assert "1 pair of runs, 1 planted fault: 3 runs of the suite, every answer asked for anew" in out
    assert "there is no session yet" in out
    assert "nothing was run: 3 runs of the suite may cost money" in err
    assert "--yes" in err


def test_the_price_is_told_by_the_last_session(project, capfd):
    """So many times over; an unknown price is said."""
    session_file.write(sessions.session(), project / ".llmeval")

    assert 4 == main(["gate", "check"])

    told = capfd.readouterr().out
    assert "called 15 times for $0.0100 (5 of them have no known price), so about 30 calls for $0.02" in told


def test_a_fault_may_begin_with_a_dash(project, capfd):
    """As a word of its own, where argparse would look for a flag."""
    assert 4 == main(["gate", "check", "--fault", "--llmeval-model=weaker", "--fault", "-x"])

    assert "2 planted faults: 4 runs" in capfd.readouterr().out


def test_the_last_report_is_shown(project, capfd):
    """Without a run; without a report it says how to make one."""
    assert 4 == main(["gate", "check", "--show"])
    assert "llmeval gate check" in capfd.readouterr().err
    trust_file.write(TrustReport(checked_at="2026-11-25", n_cases=3), project / ".llmeval")

    assert 0 == main(["gate", "check", "--show"])
    assert "gate check of 2026-11-25, 3 cases" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--pairs", "0"], "no baseline whose draws could be dealt out"),
        (["--pairs", "-1"], "no whole number"),
        (["--resamples", "0", "--yes"], "--resamples"),
    ],
)
def test_what_cannot_be_obeyed_is_refused(project, capfd, arguments, told):
    """Before anything runs."""
    assert 4 == main(["gate", "check", *arguments])
    assert told in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "variable", "is_refused"),
    [
        ([], "auto", True),
        (["--trials", "5"], "auto", False),
        (["--", "--llmeval-trials", "auto"], "3", True),
        (["--", "--llmeval-trials=auto"], "", True),
        ([], "3", False),
    ],
)
def test_trials_that_depend_on_the_draws_are_refused_before_anything_runs(
    project, capfd, monkeypatch, arguments, variable, is_refused
):
    """Two such runs are no pair; the last word counts."""
    monkeypatch.setenv("LLMEVAL_TRIALS", variable)

    assert 4 == main(["gate", "check", *arguments])

    assert is_refused is ("trials=auto draws again" in capfd.readouterr().err)
