"""``perturb=``: derived cases are tests of their own, picked by tag, with slices of their own, and replayed."""

SUITE = """
import pytest
from pytest_llmeval import assert_correct

CASES = [
    {"id": "rome", "input": "Where is Rome?", "expected": "Where is Rome?", "tags": ["geo"]},
    {"id": "oslo", "input": "Where is Oslo? Say it.", "expected": "Where is Oslo? Say it."},
]

@pytest.mark.llmeval(cases=CASES, perturb="casing,reordering")
def test_place(llm_case):
    assert_correct(llm_case.input, how="exact", threshold=None)
"""
IDS = ["rome", "rome~casing", "oslo", "oslo~casing", "oslo~reordering"]


def test_each_case_is_a_test_in_each_of_its_clothes(project, way):
    """Under its own id, in order, with and without workers."""
    project.write("test_suite.py", SUITE)

    project.run(*way).assert_outcomes(passed=5)

    assert sorted(IDS) == sorted(result.id.case for result in project.session.results)


def test_slices_set_perturbed_cases_beside_their_bases(project):
    """By tag, in the session's own summary."""
    project.write("test_suite.py", SUITE)
    project.run().assert_outcomes(passed=5)

    (summary,) = project.session.summaries

    means = {part.tag: (part.mean, part.n_lines) for part in summary.slices}
    assert means == {
        "geo": (0.5, 2),
        "perturbed": (0.0, 3),
        "perturbed/casing": (0.0, 2),
        "perturbed/reordering": (0.0, 1),
        "unperturbed": (1.0, 2),
    }


def test_they_are_picked_by_tag(project):
    """By ``-m``, as other tags are, and ``tags=`` picks the bases."""
    project.write("test_suite.py", SUITE.replace("perturb=", 'tags="geo", perturb=').replace(",reordering", ""))

    project.run("-m", "tag.perturbed").assert_outcomes(passed=1, deselected=1)
    project.run("-m", "tag.perturbed/casing").assert_outcomes(passed=1, deselected=1)
    project.run("-m", "not tag.perturbed").assert_outcomes(passed=1, deselected=1)


def test_what_a_perturbed_case_asks_is_replayed(project, loopback):
    """The same text in the next run, so no call."""
    project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {loopback.url}\n")
    asks = "def test_place(llm, llm_case):\n    assert_correct(llm(llm_case.input), how='contains', threshold=None)"
    project.write("test_suite.py", SUITE[: SUITE.index("def test_place")] + asks)
    project.run().assert_outcomes(passed=5)
    n_asked = len(loopback.requests)

    project.run("--llmeval-cache=replay").assert_outcomes(passed=5)

    assert (5, 5) == (n_asked, len(loopback.requests))


def test_a_mistake_stops_before_the_first_test(project):
    """A name that is none; ``perturb=`` without cases; an id that a derived case has."""
    for wrong, said in (
        (SUITE.replace("casing,", "cases,"), "*perturb='cases,reordering' is not allowed*"),
        (SUITE.replace("cases=CASES, ", "").replace("llm_case)", ")"), "*has perturb= and no cases=*"),
        (SUITE.replace('"oslo"', '"rome~casing"'), "*the case id 'rome~casing' is there twice*"),
    ):
        project.write("test_suite.py", wrong)
        result = project.run()
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([said])
