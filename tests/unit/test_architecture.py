"""The shape of the package: what is public, how large a room may be, which package is under test."""

import ast
import sys
from importlib import import_module
from pathlib import Path

import pytest

import pytest_llmeval

ROOT = Path(pytest_llmeval.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LONGEST_FILE = 300
LONGEST_FUNCTION = 60


def test_every_public_name_is_there_and_nothing_heavy_comes_with_it():
    """``__all__`` is exact, sorted, and each name resolves."""
    assert sorted(pytest_llmeval.__all__) == pytest_llmeval.__all__
    assert [] == [name for name in pytest_llmeval.__all__ if not hasattr(pytest_llmeval, name)]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pytest_llmeval.nothing


def test_type_checkers_know_the_same_names():
    """The stub is all that they read; each of its names comes from the home that it has at run time."""
    stub = ast.parse(Path(pytest_llmeval.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    (names,) = [ast.literal_eval(node.value) for node in stub.body if isinstance(node, ast.Assign)]
    assert pytest_llmeval.__all__ == names
    imported = {
        alias.name: node.module for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert [] == [
        name for name in names if getattr(import_module(imported[name]), name) is not getattr(pytest_llmeval, name)
    ]


def test_every_error_of_the_package_is_public():
    """A user can catch what we raise on purpose."""
    from pytest_llmeval import errors

    names = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert names <= set(pytest_llmeval.__all__)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_are_small_and_every_public_name_has_a_docstring(path):
    """A file that grows past its size is missing an idea."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a module says where on the flow it stands"
    assert LONGEST_FILE >= (tree.body[-1].end_lineno or 0)
    long = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION
    ]
    assert [] == long


def test_the_installed_wheel_is_tested_and_not_the_checkout(pytestconfig):
    """Under tox: in this process, which may be a worker of xdist."""
    if not sys.flags.safe_path:
        pytest.skip("run by tox, which sets PYTHONSAFEPATH")
    assert "site-packages" in ROOT.parts
