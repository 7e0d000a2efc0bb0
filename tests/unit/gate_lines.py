"""Builders of lines for the tests of the gate."""

from __future__ import annotations

from pytest_llmeval.records import Baseline, CheckId, Draw, Line

TEST = "tests/test_support.py::test_answer"


def line(
    case: str,
    scores,
    *,
    metric: str = "relevance",
    nth: int = 0,
    suite: str = "",
    origins=(),
    threshold: float | None = 0.5,
    **fields,
) -> Line:
    """Return a line with these scores; draws without an origin are fresh."""
    origins = origins or ("",) * len(scores)
    draws = tuple(Draw(float(score), "run", origin) for score, origin in zip(scores, origins, strict=True))
    return Line(id=CheckId(TEST, case, metric, nth), suite=suite, draws=draws, threshold=threshold, **fields)


def baseline(*lines: Line) -> Baseline:
    """Return a baseline of these lines."""
    return Baseline(lines={line.id: line for line in lines})


def passes(n_passed: int, n_trials: int) -> list[float]:
    """Return 0/1 scores."""
    return [1.0] * n_passed + [0.0] * (n_trials - n_passed)
