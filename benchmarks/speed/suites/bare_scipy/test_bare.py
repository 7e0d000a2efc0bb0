# ruff: noqa: S101 - a suite
"""Trivial tests: what pytest alone costs."""

import os

import pytest


@pytest.mark.parametrize("i", range(int(os.environ["BENCH_TESTS"])))
def test_bare(i: int) -> None:  # noqa: ARG001 - the parameter makes it many tests
    """Passes."""
    assert True
