"""Four ways to set an answer against a reference; values worked out by hand."""

import pytest

from pytest_llmeval.metrics.correctness import contains, exact, f1, normalised, numeric


@pytest.mark.parametrize(
    ("way", "output", "expected", "value"),
    [
        (exact, " Paris\n", ["Paris"], 1.0),
        (exact, "paris", ["Paris"], 0.0),
        (normalised, "The Eiffel-Tower!", ["eiffel tower"], 1.0),
        (normalised, "It is Paris.", ["Paris"], 0.0),
        (normalised, "\N{LATIN SMALL LIGATURE FI}ve", ["FIVE"], 1.0),
        (normalised, "Lyon", ["Paris", "Lyon"], 1.0),
        (normalised, "?", ["!"], 0.0),
        (contains, "I think it is Paris, France.", ["paris"], 1.0),
        (contains, "Parisian", ["Paris"], 0.0),
        (f1, "the cat sat", ["a cat sat down"], 0.8),  # 2 of 2, 2 of 3
        (f1, "cat cat", ["cat"], 2 / 3),
        (f1, "dog", ["cat"], 0.0),
        (f1, "dog", ["cat", "dog"], 1.0),
    ],
)
def test_text_against_a_reference(way, output, expected, value):
    """Case, punctuation and articles count where they should; of several references the best one."""
    found = way(output, expected)
    assert value == pytest.approx(found.value)
    assert "reference" in found.reason
    assert found.version == f"1 {way.__name__}"


@pytest.mark.parametrize(
    ("output", "expected", "tolerance", "value"),
    [
        ("It costs $1,234.50.", [1234.5], 0.0, 1.0),
        ("3 pens at 4 each: 12", [12.0], 0.0, 1.0),
        ("12, of 3 pens", [12.0], 0.0, 0.0),
        ("\N{MINUS SIGN}40 degrees", [-40.0], 0.0, 1.0),
        ("about 99", [100.0], 0.01, 1.0),
        ("about 98.9", [100.0], 0.01, 0.0),
        ("0.001", [0.0], 0.01, 1.0),
        ("0.1 + 0.2 = 0.30000000000000004", [0.3], 0.0, 1.0),
        ("12%", [12.0], 0.0, 1.0),
        ("1e3", [1000.0], 0.0, 1.0),
        ("12,50", [12.0], 0.0, 0.0),
        ("version 1.2.3", [1.2], 0.0, 0.0),
        ("none", [1.0], 0.0, 0.0),
        ("7", [6.0, 7.0], 0.0, 1.0),
    ],
)
def test_the_last_number_counts(output, expected, tolerance, value):
    """As English writes numbers; the tolerance is a share of the reference."""
    assert value == numeric(output, expected, tolerance).value


def test_two_tolerances_are_two_versions():
    """A wider one would else look like a better model."""
    assert "1 numeric" == numeric("1", [1.0], 0.0).version
    assert "1 numeric tolerance=0.01" == numeric("1", [1.0], 0.01).version
