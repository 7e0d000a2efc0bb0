# ruff: noqa: ANN001, ANN201, S101 - a user's suite
"""syrupy: an answer compared with its snapshot; it makes no calls."""

import os

import pytest


@pytest.mark.parametrize("i", range(int(os.environ["BENCH_TESTS"])))
def test_case(snapshot, i):
    """Compare."""
    assert snapshot == f"You get a refund within 30 days; order {i} stays in your account until the money is there."
