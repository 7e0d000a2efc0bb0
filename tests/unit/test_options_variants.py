"""How variants are declared: the ini's line, the marker's dict, and what becomes of them beside several models."""

from __future__ import annotations

import pytest

from pytest_llmeval.errors import UsageError
from pytest_llmeval.options.parsing import variant
from pytest_llmeval.options.variants import matrix
from pytest_llmeval.records import Variant


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", None),
        ("plain:", {"name": "plain"}),
        ("a: model=openai/gpt-4o", {"name": "a", "model": "openai/gpt-4o"}),
        ("a: model=ollama/llama3:8b, prompt=p/a.md", {"name": "a", "model": "ollama/llama3:8b", "prompt": "p/a.md"}),
        ("a b: temperature=0.2, seed=7", {"name": "a b", "temperature": 0.2, "seed": 7}),
        ('a: stop=["x, y", "z"], share=0.25', {"name": "a", "stop": ["x, y", "z"], "share": 0.25}),
        ("a: reasoning_effort=low", {"name": "a", "reasoning_effort": "low"}),
        ("a: prompt=1", {"name": "a", "prompt": "1"}),
    ],
)
def test_a_line_names_a_variant_and_its_fields(line, expected):
    """Values are JSON where they can be, names are text."""
    assert expected == variant(line)


@pytest.mark.parametrize("line", ["a", "a:model=x", ": model=x", "a: model", "a: mo del=x"])
def test_a_line_that_is_none_is_refused(line):
    """With what is allowed."""
    with pytest.raises(ValueError, match="NAME: KEY=VALUE"):
        variant(line)


def crossed(declared, models, path):
    """Return the names and models of the matrix."""
    return [(one.name, one.model) for one in matrix(declared, models, folder=path, root=path)]


def test_models_alone_are_the_variants(tmp_path):
    """Each called by its name."""
    assert [("m1", "m1"), ("m2", "m2")] == crossed([], ["m1", "m2"], tmp_path)


def test_variants_without_a_model_are_asked_of_each(tmp_path):
    """The matrix; one that names its model stays one, and a single model gives no name."""
    declared = [{"name": "short"}, {"name": "own", "model": "m3"}]
    assert [("short+m1", "m1"), ("short+m2", "m2"), ("own", "m3")] == crossed(declared, ["m1", "m2"], tmp_path)
    assert [("short", ""), ("own", "m3")] == crossed(declared, ["m1"], tmp_path)


def test_a_prompt_is_read_and_its_file_remembered(tmp_path):
    """As UTF-8, from the folder that is said."""
    (tmp_path / "a.md").write_text("Sei kurz. ✓", encoding="utf-8")
    (found,) = matrix([{"name": "a", "prompt": "a.md"}], [], folder=tmp_path, root=tmp_path)
    assert ("Sei kurz. ✓", "a.md") == (found.prompt, found.prompt_file)


def test_a_variant_may_be_given_as_such(tmp_path):
    """What a marker made itself."""
    own = Variant(name="a", prompt="x")
    assert (own,) == matrix([own], [], folder=tmp_path, root=tmp_path)


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (["a"], "is not allowed"),
        ([{"model": "m"}], "is not allowed"),
        ([{"name": "a", "model": 1}], "model=1"),
        ([{"name": "a", "share": 0}], "share=0"),
        ([{"name": "a", "share": True}], "share=True"),
        ([{"name": "a", "stop": {1, 2}}], "cannot be sent"),
        ([{"name": "a"}, {"name": "a"}], "two variants are called 'a'"),
        ([{"name": "a", "prompt": "none.md"}], "cannot read prompt='none.md'"),
    ],
)
def test_a_variant_that_is_none_is_refused(declared, told, tmp_path):
    """By its name."""
    with pytest.raises(UsageError, match=told.replace("(", r"\(")):
        matrix(declared, [], folder=tmp_path, root=tmp_path)


@pytest.mark.parametrize(
    ("share", "n", "expected"), [(1.0, 5, 5), (0.2, 15, 3), (0.2, 4, 1), (0.01, 3, 1), (0.5, 3, 2)]
)
def test_share_is_at_least_one_trial(share, n, expected):
    """Rounded up, but not by the last bit of a float."""
    assert expected == Variant(name="a", share=share).trials_of(n)
