"""The names of this package's own metrics are taken."""

import re
from pathlib import Path

import pytest

from pytest_llmeval import UsageError, metric

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
OWN = sorted(set(re.findall(r"^\| `assert_\w+\(.*?\)` \| (\w+) \|", PAGE, re.MULTILINE)) - {"any"})


def test_the_page_names_them():
    """Else the next test would have nothing to look at."""
    assert {"relevance", "schema", "within", "goal_reached"} <= set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_a_metric_of_a_users_cannot_be_taken_for_one_of_ours(name):
    """Their scores would be compared with each other."""
    with pytest.raises(UsageError, match="has the name of one"):
        metric(name=name)(lambda output: 1)
