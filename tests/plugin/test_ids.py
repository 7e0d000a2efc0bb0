"""Case ids are data: any text, any length, never a path, none collides, unchanged from file to session and baseline."""

import json

from pytest_llmeval.store import baselines

IDS = [
    "plain",
    "with space",
    "../../etc/passwd",
    "a/b\\c",
    "[brackets]::and::colons",
    "é ü 漢字 🦜",
    "e\u0301 u\u0308 combining",
    "new\nline\ttab",
    "nul\x00byte",
    "lone \ud800 surrogate",
    "x" * 5000,
    "x" * 5000 + "y",
    "",
    "-",
    "plain-",
    "-plain",
    "line\u2028separator",
    "\x1b[31mred",
]


def test_ids_come_back_unchanged(project, way):
    """Through collection, workers, session file and baseline."""
    cases = "\n".join(json.dumps({"id": id_, "input": str(number)}) for number, id_ in enumerate(IDS))
    project.write("cases.jsonl", cases + "\n")
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.llmeval(cases="cases.jsonl", trials=2)
@pytest.mark.parametrize("other", ["plain", "é", "z" * 200])
def test_ids(llm_case, other):
    assert_score("m", 1)
""",
    )

    result = project.run(*way, "--llmeval-baseline-update")

    assert 0 == result.ret, result.stdout.str()
    found = project.session.results
    assert 3 * len(IDS) == len(found) == len({r.id for r in found}) == len({r.nodeid for r in found})
    assert sorted(IDS) == sorted({r.id.case for r in found})
    assert 3 == len({r.id.test for r in found})
    stored = baselines.read(project.path / "baselines")
    assert sorted(IDS) == sorted({id_.case for id_ in stored.lines})
    assert ["test_suite/test_ids.jsonl"] == [
        str(path.relative_to(project.path / "baselines")) for path in (project.path / "baselines").rglob("*.jsonl")
    ]


def test_an_id_does_not_depend_on_the_order_of_parameters(project):
    """A long text is known by its digest, not by the position pytest names it by."""
    suite = """
import pytest
from pytest_llmeval import assert_score

@pytest.mark.parametrize("text", {texts!r})
def test_long(text):
    assert_score("m", len(set(text)) / 30)
"""
    texts = ["a" * 200, "b" * 200]
    project.write("test_suite.py", suite.format(texts=texts))
    project.run()
    before = {result.id for result in project.session.results}
    project.write("test_suite.py", suite.format(texts=["c" * 200, *reversed(texts)]))
    project.run()

    assert before < {result.id for result in project.session.results}


def test_a_mistake_in_the_cases_names_file_and_line(project):
    """Nothing runs on half a dataset."""
    for text, words in (
        (
            '{"id": "a", "input": 1}\n{"id": "a", "input": 2}\n',
            ["*'a' is there twice*", "*cases.jsonl:1 and cases.jsonl:2*"],
        ),
        ('{"id": "a", "input": 1}\nnot json\n', ["*cases.jsonl:2 is not JSON*"]),
        ('{"id": "a"}\n', ["*cases.jsonl:1 is not a case*"]),
        ("", ["*has no cases*"]),
    ):
        project.write("cases.jsonl", text)
        project.write(
            "test_suite.py",
            "import pytest\n\n@pytest.mark.llmeval(cases='cases.jsonl')\ndef test_it(llm_case):\n    pass\n",
        )
        result = project.run()
        assert 2 == result.ret
        result.stdout.fnmatch_lines(words)


def test_cases_outside_the_root_are_refused(project):
    """A dataset is a local file below the root (FAULTS 26)."""
    project.write(
        "test_suite.py",
        "import pytest\n\n@pytest.mark.llmeval(cases='../elsewhere.jsonl')\ndef test_it(llm_case):\n    pass\n",
    )

    result = project.run()

    assert 2 == result.ret
    result.stdout.fnmatch_lines(["*lies outside the root*"])


def test_a_marker_with_an_unknown_argument_is_refused(project):
    """A misspelt argument must not be obeyed by silence."""
    project.write("test_suite.py", "import pytest\n\n@pytest.mark.llmeval(trails=5)\ndef test_it():\n    pass\n")

    result = project.run()

    assert 2 == result.ret
    result.stdout.fnmatch_lines(["*does not take trails*", "*it takes cases=, tags=, perturb=, trials=*"])


def test_any_parameter_may_stand_beside_a_check(project, way):
    """An object, NaN, a list in itself, one nested deeper than Python goes: the test has no input hash, and runs."""
    project.write(
        "test_suite.py",
        """
import pytest
from pytest_llmeval import assert_score

endless = []
endless.append(endless)
deep = []
for _ in range(100_000):
    deep = [deep]

@pytest.mark.parametrize("value", [object(), float("nan"), endless, deep, {1: 2, "a": 3}], ids="abcde")
def test_value(value):
    assert_score("m", 1)
""",
    )

    assert 0 == project.run(*way).ret
    assert 5 == len(project.scores())
