"""The examples of docs/loopback.md are run as they stand there."""

import re
from pathlib import Path

import pytest

pytest.importorskip("httpx")

PAGE = Path(__file__).parents[2] / "docs" / "loopback.md"
BLOCKS = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))


@pytest.fixture
def shop(project, monkeypatch):
    """A project with the page's application in it."""
    for name, block in BLOCKS.items():
        project.write(name, block)
    monkeypatch.syspath_prepend(project.path)
    return project


def test_every_example_for_pytest_passes(shop):
    """A test a promise of the page; none is skipped."""
    n_tests = sum(len(re.findall(r"^def test_", block, re.MULTILINE)) for block in BLOCKS.values())
    assert 8 <= n_tests

    # Of the two that have parameters, 3 and 8.
    shop.run_apart("-p", "no:cacheprovider").assert_outcomes(passed=n_tests - 2 + 3 + 8)


def test_the_example_without_pytest_runs(shop):
    """As a script."""
    result = shop.pytester.runpython("demonstration.py")

    assert ["Within 14 days."] == result.stdout.lines


def test_every_kind_of_reply_stands_in_the_table():
    """Each constructor, and each field."""
    from pytest_llmeval.loopback import Reply

    made = [name for name, value in vars(Reply).items() if isinstance(value, classmethod)]
    fields = [f"{name}=" for name in Reply.__dataclass_fields__ if name != "text"]
    page = PAGE.read_text(encoding="utf-8")
    assert [] == [name for name in [f"`Reply.{name}(" for name in made] + fields if name not in page]
