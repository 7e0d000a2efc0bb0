"""Datasets in a real run: every format, tags on the command line and in the marker, and what the ini allows."""

import json

import pytest

SUITE = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval({arguments})
def test_it(llm_case):
    assert_score("m", 1)
"""
TAGGED = "".join(
    json.dumps({"id": id_, "input": id_, "tags": tags}) + "\n"
    for id_, tags in {"a": ["money"], "b": ["money", "slow one"], "c": ["skip", "xfail"], "d": []}.items()
)


def ran(project):
    """Return the ids of the cases that ran."""
    return sorted(result.id.case for result in project.session.results)


def test_a_suite_runs_from_files_of_several_formats(project, way):
    """In every process the same cases in the same order."""
    project.write("cases/a.jsonl", '{"id": "a", "input": "x"}\n')
    project.write("cases/b.csv", "id,input\nb,x\n")
    project.write("cases/c.yaml", "cases:\n- {name: c, inputs: x}\n")
    project.write("cases/d.json", '[{"name": "d", "input": "x", "expected_output": "y"}]')
    project.write("test_suite.py", SUITE.format(arguments='cases="cases/*"'))

    assert 0 == project.run(*way).ret
    assert ["a", "b", "c", "d"] == ran(project)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("tag.money", "ab"), ("tag.money and not tag.slow_one", "a"), ("not tag.money", "cd")],
)
def test_dash_m_picks_cases_by_tag(project, way, expression, expected):
    """Under --strict-markers too."""
    project.write("cases.jsonl", TAGGED)
    project.write("test_suite.py", SUITE.format(arguments='cases="cases.jsonl"'))

    result = project.run(*way, "--strict-markers", "-m", expression)

    assert 0 == result.ret
    assert list(expected) == ran(project)


@pytest.mark.parametrize(("args", "status"), [((), 5), (("--strict-markers",), 4)])
def test_a_part_of_a_tag_picks_nothing(project, args, status):
    """A tag is a whole word; under --strict-markers pytest says that it knows none such."""
    project.write("cases.jsonl", TAGGED)
    project.write("test_suite.py", SUITE.format(arguments='cases="cases.jsonl"'))

    assert status == project.run(*args, "-m", "tag.mon").ret


def test_a_tag_is_no_mark_of_pytest(project):
    """Data decides nothing: a case with the tag "skip" runs."""
    project.write("cases.jsonl", TAGGED)
    project.write("test_suite.py", SUITE.format(arguments='cases="cases.jsonl"'))

    project.run("--strict-markers").assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("tags", "expected"), [('"money"', "ab"), ('["skip", "slow one"]', "bc"), ("None", "abcd"), ('("money",)', "ab")]
)
def test_the_marker_takes_the_cases_of_a_tag(project, tags, expected):
    """The plan has no other: it is the whole session, and no selection."""
    project.write("cases.jsonl", TAGGED)
    project.write("test_suite.py", SUITE.format(arguments=f'cases="cases.jsonl", tags={tags}'))

    result = project.run()

    result.assert_outcomes(passed=len(expected), deselected=0)
    assert list(expected) == ran(project)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('cases="cases.jsonl", tags="mony"', ["*tags='mony': no case has this tag*", "*there are money, skip*"]),
        ('cases="cases.jsonl", tags=3', ["*tags=3 is not allowed*"]),
        ('tags="money"', ["*has tags= and no cases=*"]),
        ('cases="promptfoo:cases.jsonl"', ["*cases.jsonl:1 has no 'vars', which a case of promptfoo has*"]),
    ],
)
def test_a_marker_that_cannot_be_obeyed_stops_the_run(project, arguments, words):
    """A typing error must not be "no cases"."""
    project.write("cases.jsonl", TAGGED)
    project.write("test_suite.py", SUITE.format(arguments=arguments))

    result = project.run()

    assert 2 == result.ret
    result.stdout.fnmatch_lines(words)


def test_the_ini_allows_a_folder_outside_the_root(project, tmp_path_factory):
    """By name; what is not named stays refused (FAULTS 26)."""
    shared, other = tmp_path_factory.mktemp("shared"), tmp_path_factory.mktemp("other")
    for folder in (shared, other):
        (folder / "cases.jsonl").write_text('{"id": "a", "input": "x"}\n')
    project.write("pytest.ini", f"[pytest]\nllmeval_allowed_paths =\n    ../nothing\n    {shared}\n")

    project.write("test_suite.py", SUITE.format(arguments=f'cases="{shared}/cases.jsonl"'))
    assert 0 == project.run().ret
    project.write("test_suite.py", SUITE.format(arguments=f'cases="{other}/cases.jsonl"'))
    result = project.run()

    assert 2 == result.ret
    result.stdout.fnmatch_lines(["*lies outside the root*"])


def test_assert_faithful_takes_a_context_that_is_a_list_of_text(project):
    """As deepeval writes it."""
    project.write(
        "goldens.json",
        json.dumps([{"input": "When?", "expected_output": "", "context": ["Refunds take 30 days.", "They are free."]}]),
    )
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_faithful

@pytest.mark.llmeval(cases="goldens.json")
def test_it(llm_case):
    assert_faithful("Refunds take 30 days. They are free.", threshold=0.9)
""",
    )

    assert 0 == project.run().ret
