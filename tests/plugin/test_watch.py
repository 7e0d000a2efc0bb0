"""``llmeval watch``: what a saved file may have changed is run again, and compared with what it was."""

import json

import pytest

from tests.plugin.watching import watch

APP = """
from functools import cache
from pathlib import Path

@cache
def prompt(name):
    return Path("prompts", name).read_text()
"""
SUITE = """
from pathlib import Path
import pytest
from pytest_llmeval import assert_score

def polite(answer):
    assert_score("polite", lambda text: float("kind" in text), output=answer, threshold=0.0)

@pytest.mark.llmeval(cases="cases.jsonl")
def test_refund(llm, llm_case):
    polite(llm(Path("prompts/refund.md").read_text() + llm_case.input))

def test_delivery(llm):
    polite(llm(Path("prompts/delivery.md").read_text()))
"""
KEPT = """
from app import prompt

def test_first(llm):
    assert llm(prompt("kept.md") + " first").text

def test_second(llm):
    assert llm(prompt("kept.md") + " second").text
"""
GREETS = """
import pytest
from texts import GREETING

@pytest.fixture(scope="session")
def greeting():
    return GREETING
"""
CASES = [{"id": "eu", "input": "in the EU"}, {"id": "us", "input": "in the US"}]


def write_cases(project, cases):
    """Write the file of cases."""
    project.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in cases))


@pytest.fixture
def suite(project, loopback):
    """Two tests with a prompt each, two with a prompt that is read once; the provider echoes what it is asked."""
    project.write(
        "pytest.ini",
        f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\npythonpath = .\naddopts = -q\n",
    )
    project.write("app.py", APP)
    project.write("test_suite.py", SUITE)
    project.write("test_kept.py", KEPT)
    write_cases(project, CASES)
    for name in ("refund", "delivery", "kept"):
        project.write(f"prompts/{name}.md", "Be kind. ")
    return project


def asked(loopback, since=0):
    """What the provider was asked, sorted."""
    return sorted(str(one.body["messages"][-1]["content"]) for one in loopback.requests[since:])


def test_only_the_cases_of_a_changed_prompt_are_run_again_and_shown_beside_what_they_were(suite, loopback, way):
    """The words that changed, the scores that moved, and nobody else was asked."""
    with watch(suite, "--yes", "--", *way) as running:
        assert "at least 5 calls, at a price that is not known" in running.until()
        assert 5 == len(loopback.requests)

        suite.write("prompts/delivery.md", "Be brief. ")
        told = running.until()

    assert "prompts/delivery.md changed: running 1 of 5 cases" in told
    assert "1 case asks what is not recorded: 1 call," in told
    assert "against the run before: 1 of 1 score and 1 of 1 answer changed" in told
    assert "changed  session  test_suite.py::test_delivery polite  1.000 (1)  0.000 (1)  -1.000" in told
    assert "Be [-kind.-] {+brief.+}" in told
    assert ["Be brief. "] == asked(loopback, since=5)


def test_only_the_lines_of_a_dataset_that_changed_are_asked(suite, loopback):
    """One was edited, one is new, one is gone."""
    with watch(suite, "--yes") as running:
        running.until()
        write_cases(suite, [CASES[0], {"id": "us", "input": "in Texas"}, {"id": "uk", "input": "in Wales"}])
        told = running.until()
        write_cases(suite, CASES[:1])
        left = running.until()

    assert "cases.jsonl changed: looking for cases that are new or others" in told
    assert "2 cases ask what is not recorded: 2 calls," in told
    assert ["Be kind. in Texas", "Be kind. in Wales"] == asked(loopback, since=5)
    assert ["edited", "session", "test_suite.py::test_refund[us]", "polite"] == [
        word for line in told.splitlines() if "edited" in line for word in line.split()[:4]
    ]
    assert "there is none; nothing was run" in left


def test_a_prompt_that_the_application_reads_once_counts_for_every_test_that_may_use_it(suite, loopback):
    """functools.cache: the second test opened no file. Others are left alone."""
    with watch(suite, "--yes") as running:
        running.until()
        suite.write("prompts/kept.md", "Be quick. ")
        assert "prompts/kept.md changed: running 2 of 5 cases" in running.until()
    assert ["Be quick.  first", "Be quick.  second"] == asked(loopback, since=5)


@pytest.mark.parametrize("args", [(), ("-n2",)], ids=["one process", "two workers"])
def test_what_a_conftest_has_imported_is_known(suite, args):
    """Pytest imports it before anything else, and what it imports may read prompts, or open them with every start."""
    suite.write("texts.py", "from pathlib import Path\n\nGREETING = Path('prompts/greeting.md').read_text()\n")
    suite.write("greeting/conftest.py", GREETS)
    suite.write("greeting/test_greeting.py", "def test_greeting(llm, greeting):\n    assert llm(greeting).text\n")
    suite.write("prompts/greeting.md", "Good morning.")
    with watch(suite, "--yes", "--", "-p", "no:cacheprovider", ".", "greeting", *args) as running:
        running.until()
        suite.write("prompts/greeting.md", "Good evening.")
        told = running.until()
    assert "prompts/greeting.md changed: running 1 of 6 cases" in told
    assert "Good [-morning.-] {+evening.+}" in told


def test_code_that_changed_is_run_again_from_recordings_and_costs_nothing(suite, loopback):
    """Only the tests that import it; a file that was saved as it was, or that nobody reads, is no change."""
    with watch(suite, "--yes") as running:
        running.until()
        suite.write("test_suite.py", SUITE)
        suite.write("notes.md", "nothing that a test reads")
        suite.write("app.py", APP + "\n# said otherwise\n")
        told = running.until()
        suite.write("conftest.py", "")
        everywhere = running.until()

    assert "app.py changed: running 2 of 5 cases" in told
    assert "2 passed" in told
    assert "0 of 2 answers changed" in told
    assert "not recorded" not in told
    assert "conftest.py changed: running 5 of 5 cases" in everywhere
    assert 5 == len(loopback.requests)


def test_a_prompt_that_is_replaced_or_taken_away_is_seen(suite, loopback):
    """As editors write: a new file in the old one's place. A prompt that is gone fails its test, until it is back."""
    with watch(suite, "--yes") as running:
        running.until()
        suite.write("prompts/.draft", "Be brief. ")
        (suite.path / "prompts" / ".draft").replace(suite.path / "prompts" / "delivery.md")
        assert "{+brief.+}" in running.until()

        (suite.path / "prompts" / "delivery.md").unlink()
        assert "FileNotFoundError" in running.until()

        suite.write("prompts/delivery.md", "Be kind. ")
        assert "1 passed" in running.until()
    assert 6 == len(loopback.requests)


@pytest.mark.parametrize(
    ("name", "text", "says", "n_held_up"),
    [
        ("test_suite.py", "def test_(", "SyntaxError", 3),
        ("conftest.py", "import nowhere", "No module named 'nowhere'", 5),
        ("pytest.ini", "[pytest", "pytest.ini", 5),
    ],
    ids=["test module", "conftest", "settings"],
)
def test_code_that_cannot_be_read_is_shown_and_waited_on(suite, loopback, name, text, says, n_held_up):
    """A test module; or what pytest needs to start at all. Once it is mended, all that it held up is run."""
    path = suite.path / name
    whole = path.read_text() if path.exists() else ""
    with watch(suite, "--yes") as running:
        running.until()
        suite.write(name, text)
        assert says in running.until()

        suite.write(name, whole)
        assert f"{n_held_up} passed" in running.until()
        suite.write("prompts/delivery.md", "Be brief. ")
        assert "1 passed" in running.until()
    assert 6 == len(loopback.requests)


def test_a_new_test_is_run_and_one_that_is_gone_is_forgotten(suite, loopback):
    """Neither costs the others anything."""
    with watch(suite, "--yes") as running:
        running.until()
        suite.write("test_new.py", "def test_new(llm):\n    assert llm('new').text\n")
        assert "1 passed" in running.until()
        (suite.path / "test_new.py").unlink()
        assert "there is none; nothing was run" in running.until()
        suite.write("pytest.ini", (suite.path / "pytest.ini").read_text() + "# said otherwise\n")
        assert "pytest.ini changed: running every case" in (told := running.until())
        assert "5 passed" in told
    assert ["new"] == asked(loopback, since=5)


def test_what_it_ran_is_nobody_elses_newest_session(suite, loopback):
    """A part of the suite must not be what a baseline is accepted from; the answers are the project's."""
    assert 0 == suite.run_apart().ret
    before = suite.session.id
    suite.write("prompts/delivery.md", "Be brief. ")

    with watch(suite, "--yes", "--once") as running:
        assert "1 of 5 answers changed" in running.until("against the run before")
        assert 0 == running.process.wait()

    assert before == suite.session.id
    assert 0 == suite.run_apart("--llmeval-cache=replay").ret
    assert 6 == len(loopback.requests)
