"""Several variants answer the same cases: every way of running gives the same arms, and the comparison decides nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pytest_llmeval.loopback import Loopback
from pytest_llmeval.records import CaseId, Json, Standing

SUITE = """
import pytest

@pytest.mark.llmeval(cases=[{"id": str(n), "input": f"question {n}", "tags": ["even" if n % 2 == 0 else "odd"]}
                            for n in range(12)], trials=4)
def test_answer(llm, llm_case, llm_variant):
    from pytest_llmeval import assert_score
    answer = llm(llm_case.input, system=llm_variant.prompt)
    assert_score(solved, answer, threshold=None)

def solved(text):
    return 1.0 if text == "right" else 0.0
"""


def by_model(asked: Mapping[str, Json]) -> str:
    """Answer rightly as the better model, and in every second case as the other one."""
    question = str(asked["messages"][-1]["content"])
    return "right" if asked["model"] == "good" or int(question.split()[-1]) % 2 == 0 else "wrong"
