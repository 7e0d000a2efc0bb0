"""Reports of a real run: where they are written, what GitHub Actions is told, and that nothing is said elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from pytest_llmeval.exports import markdown

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "report-1.json"

TEST = """
from pytest_llmeval import assert_relevance

def test_low():
    assert_relevance("bananas", question="What is the capital of France?", threshold=0.9)

def test_high():
    assert_relevance("The capital of France is Paris.", question="What is the capital of France?", threshold=0.1)
"""


@pytest.fixture
def suite(project):
    """A project with a check that fails, in line 5, and one that passes."""
    project.write("test_a.py", TEST)
    return project


def test_markdown_is_the_page_of_the_stored_session(suite, way):
    """Without a path it stands beside the session; the terminal says nothing where it was not asked for."""
    result = suite.run(*way, "--llmeval-report=md", "--llmeval-report=md:out/page.md")
    assert 1 == result.ret
    page = (suite.path / "out" / "page.md").read_text(encoding="utf-8")
    assert page == (suite.path / ".llmeval" / "llmeval.md").read_text(encoding="utf-8")
    assert page == markdown.render(suite.session)
    assert "**exit status 1: 1 test failed**" in page
    assert "`test_a.py::test_low relevance`" not in page
    assert "<details><summary><code>test_a.py::test_low relevance</code></summary>" in page
    assert "worst cases" not in result.stdout.str()


@pytest.fixture
def repository_above(suite):
    """A repository whose root is the folder above the project; gone again, since other tests' folders lie there."""
    above = suite.path.parent
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-C", str(above)]
    for command in (["init", "-q"], ["add", suite.path.name], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], check=True)  # noqa: S603 - git itself
    yield
    shutil.rmtree(above / ".git")


@pytest.mark.usefixtures("repository_above")
def test_in_github_actions_the_line_of_a_failing_check_is_marked(suite, way, monkeypatch):
    """From the root of the repository, once, whatever the workers did; the page goes into the step's summary."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(suite.path / "summary"))
    result = suite.run(*way, "--llmeval-report=term", "--llmeval-report=md")
    marks = [line for line in result.stdout.lines if line.startswith("::")]
    assert [
        "::error title=llmeval::exit status 1: 1 test failed",
        f"::error file={suite.path.name}/test_a.py,line=5,title=llmeval relevance",
    ] == [line.rpartition("::test_a.py")[0] or line for line in marks]
    assert f"\n{markdown.render(suite.session)}" == (suite.path / "summary").read_text(encoding="utf-8")


@pytest.mark.parametrize("sign", ["", "_LLMEVAL_FOLDER"], ids=["no-runner", "nested"])
def test_elsewhere_nothing_is_marked(suite, monkeypatch, sign):
    """A line that begins with "::" means nothing to a person, and the run of a planted fault is no finding."""
    if sign:
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv(sign, ".llmeval/elsewhere")
    result = suite.run("--llmeval-report=term", "--llmeval-report=md")
    assert not [line for line in result.stdout.lines if line.startswith("::")]


def test_a_report_that_cannot_be_written_changes_neither_verdict_nor_exit_status(suite):
    """It is named, with what to do."""
    suite.write("file", "")
    result = suite.run("--llmeval-report=md:file/page.md", "test_a.py::test_high")
    assert 0 == result.ret
    result.stdout.fnmatch_lines(["llmeval: md was not written; the session is safe in *.jsonl: no report *"])


def test_the_json_of_a_real_session_keeps_to_the_published_schema(suite, way):
    """With a baseline and a gate, so that every part is there."""
    suite.run("--llmeval-baseline-update")
    suite.run(*way, "--llmeval-report=json:report.json", "--llmeval-gate=pr")
    document = json.loads((suite.path / "report.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    assert suite.session.id == document["session"]["id"]
    assert {"status": suite.session.exit_status, "line": suite.session.exit_line} == document["exit"]
    assert ["test_a.py::test_high", "test_a.py::test_low"] == [case["nodeid"] for case in document["cases"]]
    assert suite.session.verdict.verdict.value == document["verdict"]["word"]
