"""What a branch made to see less is said, one by one; where each case's draws came from is counted."""

import pytest

SUITE = """
import pytest
from pytest_llmeval import assert_score

def _is_skipped(case):
    if case == SKIPPED:
        pytest.skip("for now")

SKIPPED = ""

@pytest.mark.llmeval(trials=3)
@pytest.mark.parametrize("case", ["a", "b", "c", "d", "e", "f"])
def test_case(case):
    _is_skipped(case)
    assert_score("m", 1, threshold=0.7)

@pytest.mark.llmeval(cases=[{"id": "one", "input": "1"}])
def test_input(llm_case):
    assert_score("m", 1)

def test_hard():
    assert_score("h", 1, hard=True)

@pytest.mark.llmeval(trials=2)
def test_required():
    assert_score("r", 1, require=0.9)
"""


@pytest.fixture
def branch(project, repository, monkeypatch):
    """A branch that has just left main."""
    project.write("test_suite.py", SUITE)
    assert 0 == project.run("--llmeval-baseline-update").ret
    repository.commit("suite and baseline")
    repository.git("checkout", "-q", "-b", "feature")
    monkeypatch.setenv("LLMEVAL_BASE", "main")
    return repository


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("threshold=0.7", "threshold=0.5", "LOWERED test_suite.py::test_case[a] m: threshold 0.7 on main, 0.5 here."),
        ("threshold=0.7", "threshold=None", "LOWERED test_suite.py::test_case[a] m: threshold 0.7 on main, none here."),
        (", hard=True", "", "LOWERED test_suite.py::test_hard h: failed its test by itself on main, left to the gate"),
        ("require=0.9", "require=0.5", "LOWERED test_suite.py::test_required r: require=0.9 on main, 0.5 here."),
        ("require=0.9", "", "LOWERED test_suite.py::test_required r: require=0.9 on main, none here."),
        ('SKIPPED = ""', 'SKIPPED = "b"', "GONE 1 check, skipped here: test_suite.py::test_case[b] m."),
        ('"a", "b",', '"a",', "GONE 1 check, their test or case did not run here: test_suite.py::test_case[b] m."),
        ('"h", 1', '"other", 1', "GONE 1 check, not made by their test any more: test_suite.py::test_hard h."),
        (
            '"id": "one"',
            '"id": "uno"',
            "GONE test_suite.py::test_input[one] m: no longer compared; by its input it is now test_suite.py::",
        ),
    ],
)
def test_what_sees_less_is_named(branch, project, sentences, old, new, expected):
    """With the terms of both sides."""
    assert SUITE.count(old) == 1
    project.write("test_suite.py", SUITE.replace(old, new))

    result = project.run("--llmeval-gate=pr", "-v")

    assert expected in sentences(result)


def test_a_line_that_the_branch_deleted_is_compared_all_the_same(branch, project, sentences):
    """And said."""
    (file,) = [path for path in (project.path / "baselines").rglob("*.jsonl") if "hard" in path.name]
    file.unlink()

    result = project.run("--llmeval-gate=pr")

    assert 0 == result.ret
    expected = "KEPT 1 check whose line this branch deleted, compared all the same: test_suite.py::test_hard h."
    assert expected in sentences(result)


def test_nothing_is_called_gone_that_was_not_to_run(branch, project, sentences):
    """A selection is status 6, and says so once."""
    result = project.run("--llmeval-gate=pr", "-k", "hard")

    assert 6 == result.ret
    assert "GONE" not in sentences(result)


ASKING = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("word", ["good", "fine", "well"])
def test_words(llm, word):
    assert_score("kept", lambda text: float("o" in text), output=llm({}))
"""


def test_fresh_and_replayed_cases_are_counted(project, loopback, sentences, way):
    """A changed prompt draws anew; the others replay the baseline's own draws."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\n")
    project.write("test_suite.py", ASKING.format('"say " + word'))
    assert 0 == project.run("--llmeval-baseline-update").ret
    project.write("test_suite.py", ASKING.format('("now say " if word == "well" else "say ") + word'))

    result = project.run(*way, "--llmeval-gate=pr")

    assert "of 3 cases 1 fresh, 2 replayed from the baseline's own recordings" in sentences(result)
    found = {case.id.test.partition("[")[2]: case.is_replayed for case in project.session.against.cases}
    assert {"good]": True, "fine]": True, "well]": False} == found


def test_a_recording_that_is_too_old_is_stale(project, loopback, sentences):
    """llmeval_max_age, in days."""
    ini = f"[pytest]\nllmeval_model = openai/echo\nllmeval_api_base = {loopback.url}\n"
    project.write("pytest.ini", ini)
    project.write("test_suite.py", ASKING.format('"say " + word'))
    assert 0 == project.run("--llmeval-baseline-update").ret
    project.write("pytest.ini", ini + "llmeval_max_age = 0.0000001\n")

    result = project.run("--llmeval-gate=pr")

    assert "3 cases stale: recorded longer ago than llmeval_max_age allows" in sentences(result)
