"""Promises of ``llmeval baseline``: show what is stored, name what differs, change only what one was told to."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.gather import session_file
from pytest_llmeval.records import CaseResult, Check, CheckId, Plan, PlannedCase, Score, Session, Trial
from pytest_llmeval.store import baselines

if TYPE_CHECKING:
    from pathlib import Path

TEST = "tests/test_support.py::test_support"
OTHER = "tests/test_other.py::test_other"
EU = CheckId(TEST, "refund-eu", "relevance")
US = CheckId(TEST, "refund-us", "relevance")
ELSE = CheckId(OTHER, "", "relevance")


def result_of(id_: CheckId, *values: float | None, input_hash: str = "h", threshold: float = 0.5) -> CaseResult:
    """Return a case with one check in each trial."""
    scores = [Score(metric=id_.metric, value=value, reason="no answer") for value in values]
    return CaseResult(
        nodeid=f"{id_.test}[{id_.case}-node]" if id_.case else id_.test,
        id=id_.case_id,
        input_hash=input_hash,
        n_planned=len(values),
        trials=tuple(
            Trial(index=index, checks=(Check(score=score, threshold=threshold),)) for index, score in enumerate(scores)
        ),
    )


def session_of(*results: CaseResult, id_: str = "s1", **fields: object) -> Session:
    """Return a session of these results."""
    plan = Plan(cases={r.nodeid: PlannedCase(id=r.id, n_trials=r.n_planned) for r in results})
    return Session(
        id=id_, started_at="2026-01-31T12:00:00Z", commit="abcdef0123456789", plan=plan, results=results, **fields
    )


FIRST = session_of(result_of(EU, 1.0, 0.5), result_of(US, 1.0, 1.0), result_of(ELSE, 0.25))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project's root, with the first session run and the command called from a folder below."""
    (tmp_path / "pytest.ini").write_text("[pytest]\nllmeval_baseline = kept/lines\n")
    (tmp_path / "tests").mkdir()
    session_file.write(FIRST, tmp_path / ".llmeval")
    monkeypatch.chdir(tmp_path / "tests")
    for name in ("LLMEVAL_BASELINE", "GIT_DIR", "GIT_CONFIG_GLOBAL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return tmp_path


def run_again(project: Path, *results: CaseResult, **fields: object) -> None:
    """Leave another session behind, as pytest does."""
    session_file.write(session_of(*results, id_="s2", **fields), project / ".llmeval")


def scores(project: Path) -> dict[CheckId, tuple[float, ...]]:
    """Return what is stored."""
    return {id_: line.scores for id_, line in baselines.read(project / "kept" / "lines").lines.items()}


def rows(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """Return what was printed, as the words of its lines."""
    return list(map(words, capsys.readouterr().out.splitlines()))


def words(text: str) -> list[str]:
    """Return the words of a line, whatever the width of its columns."""
    return text.split()


def test_accept_stores_every_line_with_reason_author_and_time(project: Path, capsys: pytest.CaptureFixture[str]):
    """The first baseline of a project; the folder is the one that the ini names, from the root."""
    assert 0 == main(["baseline", "accept", "--reason", "first scores", "--expires", "2026-12-31"])

    assert {EU: (1.0, 0.5), US: (1.0, 1.0), ELSE: (0.25,)} == scores(project)
    acceptance = baselines.read(project / "kept/lines").lines[EU].acceptance
    assert ("first scores", "ada", "2026-12-31") == (acceptance.reason, acceptance.author, acceptance.expires)
    assert acceptance.accepted_at.endswith("Z")
    printed = rows(capsys)
    assert ["new", "-", *str(EU).split(), "-", "0.750", "(2)"] in printed
    assert words("3 of 3 lines stored as the baseline, by ada: first scores") in printed
    assert ["../kept/lines/tests/test_other/test_other.jsonl"] in printed


@pytest.mark.parametrize(
    "pattern",
    [
        "tests/test_support.py::test_support[refund-eu] relevance",
        "tests/test_support.py::test_support[refund-eu]",
        "tests/test_support.py::test_support[refund-eu-node]",
        "refund-eu",
        "*eu] rel*",
        "refund-?u",
    ],
)
def test_accept_with_a_pattern_changes_no_other_line(project: Path, pattern: str):
    """By line, by case, by pytest's own node id; brackets mean themselves."""
    main(["baseline", "accept", "--reason", "first"])
    run_again(project, result_of(EU, 0.0, 0.0), result_of(US, 0.5, 0.5), result_of(ELSE, 0.0))

    assert 0 == main(["baseline", "accept", pattern, "--reason", "agreed in #12"])

    assert {EU: (0.0, 0.0), US: (1.0, 1.0), ELSE: (0.25,)} == scores(project)


def test_accept_prints_old_and_new_means(project: Path, capsys: pytest.CaptureFixture[str]):
    """What a person accepts, they have seen."""
    main(["baseline", "accept", "--reason", "first"])
    run_again(project, result_of(EU, 0.0, 0.0), result_of(US, 1.0, 1.0))
    capsys.readouterr()

    main(["baseline", "accept", "--reason", "worse, and agreed"])

    printed = rows(capsys)
    assert ["changed", "-", *str(EU).split(), "0.750", "(2)", "0.000", "(2)", "-0.750"] in printed
    assert [] == [row for row in printed if row[:1] == ["same"]]


def test_a_pattern_that_picks_nothing_is_an_error(project: Path, capsys: pytest.CaptureFixture[str]):
    """A typing error never passes for "nothing to do"."""
    assert 4 == main(["baseline", "accept", "refnud*", "--reason", "x"])

    assert "llmeval: PATTERN 'refnud*' picks none of 3 lines\n" in capsys.readouterr().err
    assert {} == scores(project)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"stopped": "-x"}, "it was stopped (-x)"),
        ({"lost": ("tests/test_support.py::test_lost",)}, "'tests/test_support.py::test_lost' brought no result"),
    ],
)
def test_a_partial_session_is_refused_unless_forced(
    project: Path, capsys: pytest.CaptureFixture[str], fields: dict, why: str
):
    """FAULTS 3; and what was forced says so in the file for ever."""
    run_again(project, result_of(EU, 1.0), **fields)

    assert 4 == main(["baseline", "accept", "--reason", "urgent"])
    assert f"llmeval: session 's2' is partial and makes no baseline\n  {why}\n" in capsys.readouterr().err
    assert {} == scores(project)

    assert 0 == main(["baseline", "accept", "--reason", "urgent", "--force"])
    assert f"forced: urgent ({why})" == baselines.read(project / "kept/lines").lines[EU].acceptance.reason


def test_a_session_without_enough_scores_is_refused(project: Path, capsys: pytest.CaptureFixture[str]):
    """An outage makes no baseline."""
    run_again(project, result_of(EU, 1.0, None))

    assert 4 == main(["baseline", "accept", "--reason", "x"])
    assert "1 of 2 checks have a score, and 90% are needed" in capsys.readouterr().err


def test_a_line_without_a_score_is_not_stored_over_one_that_has(project: Path, capsys: pytest.CaptureFixture[str]):
    """Forced or not: unscored is not a score."""
    main(["baseline", "accept", "--reason", "first"])
    run_again(project, result_of(EU, None), result_of(US, 0.5))
    capsys.readouterr()

    main(["baseline", "accept", "--reason", "second", "--force"])

    assert {EU: (1.0, 0.5), US: (0.5,), ELSE: (0.25,)} == scores(project)
    assert "1 of 2 lines stored" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["baseline", "accept"], "the following arguments are required: --reason"),
        (["baseline", "accept", "--reason", " "], "argument --reason: it is empty"),
        (["baseline", "accept", "--reason", "x", "--expires", "soon"], "argument --expires: 'soon' is no date such as"),
        (["baseline", "accept", "--reason", "x", "--session", "no.jsonl"], "there is no session file 'no.jsonl'"),
        (["baseline", "show", "--rootdir", "nowhere"], "--rootdir='nowhere' is not a folder"),
        (["baseline", "shwo"], "invalid choice: 'shwo'"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_a_wrong_use_is_exit_4_with_one_error(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str
):
    """At most three lines, no traceback, nothing on standard output."""
    assert 4 == main(arguments)

    out, err = capsys.readouterr()
    assert "" == out
    assert err.startswith("llmeval: ")
    assert error in err
    assert 3 >= len(err.splitlines())


def test_without_anybody_to_name_accept_asks_for_an_author(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """No line is ever changed by nobody."""
    monkeypatch.delenv("USER")

    assert 4 == main(["baseline", "accept", "--reason", "x"])
    assert "--author NAME" in capsys.readouterr().err
    assert 0 == main(["baseline", "accept", "--reason", "x", "--author", "Grace"])


def test_the_author_is_gits_where_git_knows_one(project: Path):
    """As in the commit that will follow."""
    (project / "gitconfig").write_text("[user]\n\tname = Ada Lovelace\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(project / "gitconfig"))
        main(["baseline", "accept", "--reason", "x"])

    assert "Ada Lovelace" == baselines.read(project / "kept/lines").lines[EU].acceptance.author


def test_a_malformed_baseline_is_exit_4_naming_file_and_line(project: Path, capsys: pytest.CaptureFixture[str]):
    """FAULTS 12, through every command; the file stays as it is."""
    main(["baseline", "accept", "--reason", "first"])
    path = project / "kept/lines/tests/test_other/test_other.jsonl"
    path.write_text("<<<<<<< HEAD\n")
    for command in (["show"], ["diff"], ["accept", "--reason", "x"]):
        capsys.readouterr()

        assert 4 == main(["baseline", *command])
        assert (
            f"llmeval: baseline file {str(path)!r} is malformed at line 1\n  conflict marker" in capsys.readouterr().err
        )
    assert "<<<<<<< HEAD\n" == path.read_text()


def test_show_prints_what_is_stored(project: Path, capsys: pytest.CaptureFixture[str]):
    """Mean, trials, threshold, when, on which commit, and why."""
    main(["baseline", "accept", "--reason", "first"])
    capsys.readouterr()

    assert 0 == main(["baseline", "show", "refund-*"])

    header, *found = rows(capsys)
    assert words("suite case and metric mean trials threshold recorded commit accepted") == header
    assert [
        ["-", *str(EU).split(), "0.750", "2", "0.5", "2026-01-31T12:00:00Z", "abcdef012345", "first", "(ada)"],
        ["-", *str(US).split(), "1.000", "2", "0.5", "2026-01-31T12:00:00Z", "abcdef012345", "first", "(ada)"],
    ] == found


def test_show_without_a_baseline_says_how_to_store_one(project: Path, capsys: pytest.CaptureFixture[str]):
    """No error: there is nothing wrong."""
    assert 0 == main(["baseline", "show"])

    assert "llmeval baseline accept --reason" in capsys.readouterr().out


def test_diff_names_what_is_new_changed_edited_and_gone(project: Path, capsys: pytest.CaptureFixture[str]):
    """One line for each, with both means, and the verdict below."""
    main(["baseline", "accept", "--reason", "first"])
    new = CheckId(TEST, "refund-uk", "relevance")
    run_again(project, result_of(EU, 0.0, 0.5), result_of(US, 1.0, 1.0, input_hash="other"), result_of(new, 1.0))
    capsys.readouterr()

    assert 0 == main(["baseline", "diff"])

    printed = rows(capsys)
    assert ["changed", "-", *str(EU).split(), "0.750", "(2)", "0.250", "(2)", "-0.500"] in printed
    assert ["edited", "-", *str(US).split(), "1.000", "(2)", "1.000", "(2)", "another", "input"] in printed
    assert ["new", "-", *str(new).split(), "-", "1.000", "(1)"] in printed
    assert ["gone", "-", *str(ELSE).split(), "0.250", "(1)", "-"] in printed
    assert words("1 changed, 1 edited, 1 gone, 1 new") in printed
    assert words("verdict on the whole session s2:") == next(row for row in printed if row[:1] == ["verdict"])[:6]


def test_diff_names_a_lowered_threshold(project: Path, capsys: pytest.CaptureFixture[str]):
    """Equal scores with a lower bar are no equal line."""
    main(["baseline", "accept", "--reason", "first"])
    run_again(project, result_of(ELSE, 0.25, threshold=0.125))
    capsys.readouterr()

    main(["baseline", "diff", OTHER])

    assert "threshold 0.5 -> 0.125" in capsys.readouterr().out


def test_diff_of_a_narrowed_session_calls_nothing_gone(project: Path, capsys: pytest.CaptureFixture[str]):
    """What -k left out is no news."""
    main(["baseline", "accept", "--reason", "first"])
    run_again(project, result_of(EU, 1.0, 0.5), selection="-k eu")
    capsys.readouterr()

    main(["baseline", "diff"])

    printed = capsys.readouterr().out
    assert "2 not run, 1 same" in printed
    assert "gone" not in printed


def test_what_a_model_or_dataset_wrote_is_inert_when_printed(project: Path, capsys: pytest.CaptureFixture[str]):
    """FAULTS 25: no control sequence, no CI command, whatever a case is called."""
    evil = CheckId(TEST, "\x1b[31m::error::x\u202e\r\n::set-output\ud800", "relevance")
    run_again(project, result_of(evil, 1.0))

    assert 0 == main(["baseline", "accept", "--reason", "first"])
    assert 0 == main(["baseline", "show"])

    out = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in out)
    assert not [line for line in out.splitlines() if line.lstrip().startswith("::")]
    assert {evil: (1.0,)} == scores(project)


def test_the_environment_names_the_baseline_before_the_ini(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """As the plugin resolves it: flag, environment, ini, default."""
    monkeypatch.setenv("LLMEVAL_BASELINE", "by-environment")
    main(["baseline", "accept", "--reason", "x"])
    main(["baseline", "accept", "--reason", "x", "--baseline", str(project / "by-flag")])

    assert [True, True, False] == [(project / name).exists() for name in ("by-environment", "by-flag", "kept")]


def test_help_says_what_each_command_is_for(capsys: pytest.CaptureFixture[str]):
    """It is the first documentation that a reader meets."""
    for arguments, expected in [
        (["--help"], "llmeval init"),
        (["init", "--help"], "A second run changes nothing".lower()),
        (["baseline", "--help"], "belongs in git"),
        (["baseline", "show", "--help"], "PATTERN picks lines by"),
        (["baseline", "diff", "--help"], "its exit status is 0"),
        (["baseline", "accept", "--help"], "examples:"),
    ]:
        with pytest.raises(SystemExit, match="0"):
            main(arguments)
        assert expected in capsys.readouterr().out


def test_a_terminal_that_knows_only_ascii_gets_ascii(project: Path):
    """A case id in another script is spelt as an escape, not a crash."""
    run_again(project, result_of(CheckId(TEST, "возврат", "relevance"), 1.0))
    command = [sys.executable, "-c", "from pytest_llmeval.commands import main; main()", "baseline"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for arguments in (["accept", "--reason", "x"], ["show"]):
        ran = subprocess.run([*command, *arguments], env=environment, check=True, capture_output=True)  # noqa: S603 - ours

    assert ran.stdout.isascii()
    assert rb"[\u0432\u043e\u0437" in ran.stdout


def test_a_reader_that_leaves_early_is_no_error(project: Path):
    """``llmeval baseline show | head -1``."""
    main(["baseline", "accept", "--reason", "x"])
    command = (
        f"{shlex.quote(sys.executable)} -c 'from pytest_llmeval.commands import main; main()' baseline show | true"
    )

    ran = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, check=False)  # noqa: S603, S607 - ours

    assert (0, b"") == (ran.returncode, ran.stderr)
