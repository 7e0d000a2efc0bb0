"""The same question with typing errors, other capitals, blanks, punctuation or order is answered as well."""

import pytest

from pytest_llmeval import assert_correct

PERTURB = "typos,casing,whitespace,punctuation,reordering"


@pytest.mark.llmeval(cases="cases.jsonl", perturb=PERTURB, suite="robustness", intercept=True)
def test_answers_all_the_same(ask, llm_case):
    """The slices perturbed/… beside unperturbed say what each of them costs."""
    assert_correct(ask(llm_case.input), how="contains")
