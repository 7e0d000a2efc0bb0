"""What other tools wrote is read as it is: known by its fields, or by the name that stands before the path."""

from __future__ import annotations

import json

import pytest

from pytest_llmeval import datasets
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Case, digest


def load(folder, name, text):
    """Write a file and read its cases; the shape may stand before its name."""
    text = text if isinstance(text, str) else json.dumps(text)
    (folder / name.rpartition(":")[2]).write_text(text, encoding="utf-8")
    return datasets.unique(datasets.read(name, beside=folder, root=folder))


def by_input(value):
    """Return the id that a case without one has."""
    return digest(value)[:12]


def test_goldens_of_deepeval_in_json(tmp_path):
    """As ``save_as("json")`` writes them, and as its service spells the names."""
    first, second, third = load(
        tmp_path,
        "goldens.json",
        [
            {
                "input": "When?",
                "actual_output": None,
                "expected_output": "Within 30 days.",
                "context": ["30 days.", "Free."],
                "retrieval_context": ["found"],
                "name": "refund",
                "additional_metadata": {"tags": ["money"], "topic": "refund"},
            },
            {"input": "How?", "expectedOutput": "Open it.", "retrievalContext": ["found"], "sourceFile": "a.md"},
            {"scenario": "An angry buyer", "expected_outcome": "Calm", "turns": [{"role": "user", "content": "!"}]},
        ],
    )

    assert ("refund", "When?", "Within 30 days.") == (first.id, first.input, first.expected)
    assert (["30 days.", "Free."], ("money",)) == (first.context, first.tags)
    assert {"actual_output", "retrieval_context", "additional_metadata"} == first.data.keys()
    assert (by_input("How?"), "Open it.", ["found"]) == (second.id, second.expected, second.context)
    assert {"source_file": "a.md"} == second.data
    assert ("An angry buyer", "Calm") == (third.input, third.expected)
    assert {"turns": [{"role": "user", "content": "!"}]} == third.data


def test_goldens_of_deepeval_in_csv(tmp_path):
    """The texts of a context are joined by a bar, tools and metadata are JSON."""
    (case,) = load(
        tmp_path,
        "goldens.csv",
        "input,actual_output,expected_output,retrieval_context,context,name,additional_metadata\n"
        'When?,,Within 30 days.,,30 days.|Free; really.,,"{""a"": 1}"\n',
    )

    assert (["30 days.", "Free; really."], "Within 30 days.") == (case.context, case.expected)
    assert {
        "actual_output": None,
        "retrieval_context": None,
        "name": None,
        "additional_metadata": {"a": 1},
    } == case.data


PROMPTFOO = """\
description: Web shop
prompts: [file://prompt.txt]
providers: [openai:gpt-4o-mini]
defaultTest:
  assert: [{type: is-refusal}]
tests:
  - description: Refund
    vars: {question: "When?", language: no}
    assert:
      - {type: contains, value: days}
      - {type: equals, value: Within 30 days.}
    metadata: {tags: [money], topic: refund}
  - vars: {question: "file://secret.txt {{ 7 * 7 }}", language: [en, de]}
"""


def test_a_configuration_of_promptfoo(tmp_path):
    """The variables are the input; assertions stay, nothing is expanded or read from elsewhere."""
    first, second = load(tmp_path, "promptfooconfig.yaml", PROMPTFOO)

    question = {"question": "When?", "language": "no"}
    assert (f"Refund~{by_input(question)}", question) == (first.id, first.input)
    assert ("Within 30 days.", ("money",)) == (first.expected, first.tags)
    assert [{"type": "contains", "value": "days"}, {"type": "equals", "value": "Within 30 days."}] == first["assert"]
    assert {"question": "file://secret.txt {{ 7 * 7 }}", "language": ["en", "de"]} == second.input
    assert None is second.expected


@pytest.mark.parametrize("name", ["c.yaml", "c.json"])
def test_the_variables_of_all_tests_are_part_of_each_input(tmp_path, name):
    """As in promptfoo the test's own come first."""
    document = {"tests": [{"vars": {"b": 1}}, {"assert": []}], "defaultTest": {"vars": {"a": 2, "b": 2}}}

    first, second = load(tmp_path, name, document)

    assert ({"a": 2, "b": 1}, {"a": 2, "b": 2}) == (first.input, second.input)


def test_json_in_text_is_read_where_the_tool_writes_it(tmp_path):
    """Turns of deepeval, and metadata of inspect, in JSON files too."""
    (golden,) = load(tmp_path, "g.json", [{"scenario": "s", "expected_outcome": "o", "turns": '[{"role": "user"}]'}])
    (sample,) = load(tmp_path, "s.jsonl", {"input": "a", "target": "b", "metadata": '{"tags": ["t"]}'})

    assert [{"role": "user"}] == golden["turns"]
    assert ("t",) == sample.tags


def test_a_table_of_promptfoo(tmp_path):
    """Columns that begin with two underscores are not variables."""
    first, second = load(
        tmp_path,
        "tests.csv",
        "input,name,__expected1,__expected2,__metadata:topic,__metadata:tags[],__threshold\n"
        'When?,Bob,contains: 30,"Within: 30 days",refund,"money,a\\,b",0.5\n'
        "How?,,not-similar(0.8): No.,grade: polite,,,\n",
    )

    assert ({"input": "When?", "name": "Bob"}, "Within: 30 days") == (first.input, first.expected)
    assert ({"topic": "refund", "tags": ["money", "a,b"]}, ("money", "a,b")) == (first["metadata"], first.tags)
    assert ("0.5", {"type": "contains", "value": "30"}) == (first["threshold"], first["assert"][0])
    assert {"input": "How?", "name": ""} == second.input
    assert [
        {"type": "not-similar", "value": "No.", "threshold": 0.8},
        {"type": "llm-rubric", "value": "polite"},
    ] == second["assert"]
    assert None is second.expected


def test_a_table_of_variables_only_is_promptfoos_by_name(tmp_path):
    """Nothing in it shows whose it is."""
    (case,) = load(tmp_path, "promptfoo:tests.csv", "question,answer\nWhen?,Soon\n")

    assert {"question": "When?", "answer": "Soon"} == case.input


def test_samples_of_inspect(tmp_path):
    """Text or messages, one target or several."""
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "2 + 2?"}]
    first, second = load(
        tmp_path,
        "samples.jsonl",
        '{"id": 1, "input": "Pick", "target": "B", "choices": ["x", "y"], "metadata": {"tags": ["t"], "a": 1}}\n'
        + json.dumps({"input": messages, "target": ["4", "four"]}),
    )

    assert (
        Case(
            id="1",
            input="Pick",
            expected="B",
            tags=("t",),
            data={"choices": ["x", "y"], "metadata": {"tags": ["t"], "a": 1}},
        )
        == first
    )
    assert (messages, ["4", "four"]) == (second.input, second.expected)


@pytest.mark.parametrize(("cell", "choices"), [('"x, y"', ["x", "y"]), ("x y", ["x", "y"]), ("", None)])
def test_samples_of_inspect_in_csv(tmp_path, cell, choices):
    """Choices stand between commas or blanks, metadata is JSON."""
    (case,) = load(tmp_path, "s.csv", f'input,target,choices,metadata\nPick,B,{cell},"{{""a"": 1}}"\n')

    assert {"choices": choices, "metadata": {"a": 1}} == case.data


def test_tags_in_a_column_stand_between_commas(tmp_path):
    """Whoever's table it is."""
    (ours,) = load(tmp_path, "a.csv", 'input,tags\nPick,"a, b,"\n')
    (theirs,) = load(tmp_path, "b.csv", 'input,target,tags\nPick,B,"a, b,"\n')

    assert ("a", "b") == ours.tags == theirs.tags


def test_samples_of_openai_evals(tmp_path):
    """Messages and an ideal answer, or several."""
    messages = [{"role": "user", "content": "2 + 2?"}]
    first, second = load(
        tmp_path,
        "samples.jsonl",
        "\n".join(json.dumps({"input": one, "ideal": ideal}) for one, ideal in ((messages, ["4"]), ("1 + 1?", "2"))),
    )

    assert (messages, ["4"]) == (first.input, first.expected)
    assert ("1 + 1?", "2") == (second.input, second.expected)


PYDANTIC = """\
# yaml-language-server: $schema=shop_schema.json
name: shop
cases:
- name: refund
  inputs: {question: "When?"}
  expected_output: {answer: Soon}
  metadata: {tags: [money]}
  evaluators:
  - IsInstance: str
- inputs: How?
evaluators:
- EqualsExpected
"""


def test_a_data_set_of_pydantic_evals(tmp_path):
    """Its cases; its evaluators are code, and not run."""
    first, second = load(tmp_path, "shop.yaml", PYDANTIC)

    assert ("refund", {"question": "When?"}, {"answer": "Soon"}, ("money",)) == (
        first.id,
        first.input,
        first.expected,
        first.tags,
    )
    assert {"metadata": {"tags": ["money"]}, "evaluators": [{"IsInstance": "str"}]} == first.data
    assert Case(id=by_input("How?"), input="How?") == second


def test_a_row_with_expected_is_ours_whatever_else_it_has(tmp_path):
    """So is every row of a file that is said to be ours."""
    first, second = load(
        tmp_path,
        "c.jsonl",
        '{"input": 1, "expected": null, "target": 2}\n{"input": {"vars": 1}, "vars": {"a": 1}}\n',
    )
    (third,) = load(tmp_path, "llmeval:d.jsonl", '{"input": 1, "ideal": 2}\n')

    assert (None, {"target": 2}) == (first.expected, first.data)
    assert {"vars": {"a": 1}} == second.data
    assert (None, {"ideal": 2}) == (third.expected, third.data)


BAD = {
    "two shapes": (
        "c.jsonl",
        '{"input": "a", "target": "b", "ideal": "c"}',
        "c.jsonl:1 could be of inspect or openai\n",
    ),
    "deepeval: a context": (
        "c.json",
        '[{"input": "a", "expected_output": "b"},\n{"input": "a", "expected_output": "b", "context": ["c", 4]}]',
        "c.json:2: field 'context[1]' does not fit a case of deepeval\n  Input should be a valid string; got 4",
    ),
    "deepeval: no input": (
        "c.jsonl",
        '{"expected_output": "b"}',
        "c.jsonl:1 has no 'input', which a case of deepeval has\n",
    ),
    "deepeval: metadata": (
        "c.csv",
        "input,expected_output,additional_metadata\na,b,{'a': 1}\n",
        "c.csv:2: field 'additional_metadata' is not JSON\n",
    ),
    "deepeval: by name": (
        "deepeval:c.jsonl",
        '{"input": 3}',
        "c.jsonl:1: field 'input' does not fit a case of deepeval\n",
    ),
    "inspect: a message": (
        "c.jsonl",
        '{"input": [{"role": "user"}], "target": "b"}',
        "c.jsonl:1 has no 'input[0].content', which a case of inspect has\n",
    ),
    "inspect: a role": (
        "c.jsonl",
        '{"input": [{"role": 3, "content": "a"}], "target": "b"}',
        "c.jsonl:1: field 'input[0].role' does not fit a case of inspect\n  Input should be a valid string; got 3",
    ),
    "inspect: metadata": (
        "c.jsonl",
        '{"input": "a", "target": "b", "metadata": 3}',
        "c.jsonl:1: field 'metadata' does not fit a case of inspect\n",
    ),
    "inspect: both": (
        "inspect:c.jsonl",
        '{"input": "a", "target": "b", "expected": "c"}',
        "c.jsonl:1 has both 'expected' and 'target'\n",
    ),
    "promptfoo: vars": (
        "c.yaml",
        "tests:\n- vars: file://v.yaml\n",
        "c.yaml:2: field 'vars' does not fit a case of promptfoo\n",
    ),
    "promptfoo: no vars": ("promptfoo:c.yaml", "tests:\n- assert: []\n", "c.yaml:2 has no 'vars'"),
    "promptfoo: a file of tests": ("c.yaml", "tests: file://c.csv\n", "c.yaml does not show where its cases are\n"),
    "promptfoo: files of tests": ("c.yaml", "tests: ['file://c.csv']\n", "c.yaml:1 is not a case\n"),
    "promptfoo: defaults": (
        "c.yaml",
        "defaultTest: {vars: file://a.yaml}\ntests: [{vars: {b: 1}}]\n",
        "c.yaml has a defaultTest whose variables stand elsewhere\n  got 'file://a.yaml'",
    ),
    "promptfoo: a default test": (
        "c.json",
        '{"tests": [{"vars": {"b": 1}}], "defaultTest": "file://a.yaml"}',
        "c.json has a defaultTest whose variables stand elsewhere\n  got 'file://a.yaml'",
    ),
    "promptfoo: unnamed": (
        "c.csv",
        "question,answer\na,b\n",
        "c.csv:2 is not a case\n  its columns are question, answer\n  a case has a column",
    ),
    "promptfoo: scenarios": (
        "c.json",
        '{"tests": [{"vars": {"b": 1}}], "scenarios": [{}]}',
        "c.json has scenarios, which are not read\n",
    ),
    "pydantic_evals: a name": (
        "c.yaml",
        "cases:\n- inputs: a\n- inputs: b\n  name: 3\n",
        "c.yaml:3: field 'name' does not fit a case of pydantic_evals\n",
    ),
}


@pytest.mark.parametrize(("name", "text", "message"), BAD.values(), ids=BAD.keys())
def test_what_does_not_fit_its_shape_is_named_with_line_and_field(tmp_path, name, text, message):
    """Half an input must not be tested."""
    with pytest.raises(UsageError) as caught:
        load(tmp_path, name, text)

    assert str(caught.value).startswith(message.strip("\n"))
    assert 3 >= len(str(caught.value).splitlines())
