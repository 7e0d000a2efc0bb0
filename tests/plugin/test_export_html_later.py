"""``llmeval export --to html``: the page that pytest wrote, or would have, from a stored session."""

from __future__ import annotations

import pytest

from pytest_llmeval.commands import main
from tests.unit.documents import Document

SUITE = """\
import os
from pytest_llmeval import assert_score

def test_refund(llm):
    answer = llm(os.environ["QUESTION"])
    assert_score("days", float(answer.text == "fourteen"), threshold=0.5, output=answer)
"""


@pytest.fixture
def shop(project, provider, repository, monkeypatch):
    """On main a baseline that answers "fourteen"; the next run answers "thirty"."""
    monkeypatch.chdir(project.path)
    project.write("test_shop.py", SUITE)
    monkeypatch.setenv("QUESTION", "fourteen days?")
    assert 0 == project.run_apart("--llmeval-trials=3", "--llmeval-baseline-update").ret
    repository.base = repository.commit("suite and baseline")
    monkeypatch.setenv("QUESTION", "thirty days?")
    return project


def later(project, *said: str) -> str:
    """Return the page that the command writes."""
    assert 0 == main(["export", "--to", "html", *said, "--output", "later.html"])
    return (project.path / "later.html").read_text(encoding="utf-8")


def differing(page: str) -> tuple[list[str], list[str]]:
    """Return the words that only the baseline's answer has, and those that only this one has."""
    found = Document(page)
    return found.all_texts("del"), found.all_texts("ins")


@pytest.mark.parametrize("flags", [[], ["--llmeval-gate=pr"]], ids=["no-gate", "gate"])
def test_it_is_the_page_of_the_run_byte_for_byte(shop, way, flags):
    """Baseline, its answers from the recordings, past sessions and exit status are looked up again."""
    shop.run(*way, "--llmeval-trials=3", *flags, "--llmeval-report=html:then.html")

    assert (shop.path / "then.html").read_text(encoding="utf-8") == later(shop)
    assert (["fourteen"], ["thirty"]) == differing(later(shop))


def test_on_a_branch_it_is_the_base_commits_baseline(shop, repository, monkeypatch):
    """Whatever the branch did to its own since: the session says which commit it was."""
    repository.git("checkout", "-q", "-b", "feature")
    monkeypatch.setenv("LLMEVAL_BASE", "main")
    shop.run("--llmeval-trials=3", "--llmeval-gate=pr", "--llmeval-report=html:then.html")
    for path in (shop.path / "baselines").rglob("*.jsonl"):
        path.unlink()

    page = later(shop)

    assert (["fourteen"], ["thirty"]) == differing(page)
    assert (shop.path / "then.html").read_text(encoding="utf-8") == page


def test_a_session_is_never_shown_beside_itself(shop):
    """Once it is the baseline, what it was compared with is not known any more, and the page says nothing of it."""
    shop.run("--llmeval-trials=3", "--llmeval-gate=pr")
    id_ = shop.session.id
    assert 0 == main(["baseline", "accept", "--reason", "as meant", "--author", "Ada"])

    assert ([], []) == differing(later(shop, id_))


def test_a_session_of_another_clone_has_its_scores(shop, repository, monkeypatch):
    """The base commit is not here: the page is written without a baseline, not refused."""
    repository.git("checkout", "-q", "-b", "feature")
    monkeypatch.setenv("LLMEVAL_BASE", "main")
    shop.run("--llmeval-trials=3", "--llmeval-gate=pr")
    path = shop.path / ".llmeval" / "sessions" / f"{shop.session.id}.jsonl"
    path.write_text(path.read_text("ascii").replace(repository.base, "f" * 40), "ascii")

    page = later(shop, str(path))

    assert ([], []) == differing(page)
    assert "thirty" in page
