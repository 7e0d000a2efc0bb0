"""The metrics that users and packages have declared, by name: each name has one meaning in a session."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmeval.assertions.over_trials import CaseCheck
    from pytest_llmeval.assertions.own import AnyMetric
    from pytest_llmeval.records import Check

_PREFIX = "assert_"
# Names of this package's own metrics that their ``assert_*`` does not show.
_OURS = frozenset(
    {
        *("answering", "resistance", "secrecy"),
        *("civility", "completeness", "consistency", "correctness", "faithfulness", "goal_reached", "injection"),
        *(
            "language",
            "length",
            "memory",
            "pattern",
            "preference",
            "refusal",
            "retrieval",
            "safety",
            "schema",
            "trajectory",
        ),
        *("unbiasedness", "within"),
    }
)


class _Declared(NamedTuple):
    metric: AnyMetric
    session: int


_KNOWN: dict[str, _Declared] = {}
_N_SESSIONS = [0]


def begin_session() -> None:
    """Let the names be free again: another pytest begins in this process, as pytester's do."""
    _N_SESSIONS[0] += 1


def declare(metric: AnyMetric) -> None:
    """Take a metric in; the same one again, as when its module is imported twice, in place of the first.

    Raises:
        UsageError: its name is taken.
    """
    public = sys.modules["pytest_llmeval"].__all__  # imported, it would stand above all that it offers
    if metric.name in _OURS or _PREFIX + metric.name in public:
        raise UsageError(
            f"the metric {metric.name!r} has the name of one of pytest-llmeval's own",
            found=f"declared at {metric.place}",
            hint="give it another name: its scores would be taken for those",
        )
    other = _KNOWN.get(metric.name)
    if other is not None and other.session == _N_SESSIONS[0] and other.metric.place != metric.place:
        raise UsageError(
            f"the metric {metric.name!r} is declared twice",
            found=f"at {other.metric.place} and at {metric.place}",
            hint="give one of them another name: @pytest_llmeval.metric(name=...)",
        )
    _KNOWN[metric.name] = _Declared(metric, _N_SESSIONS[0])


def declare_all(metrics: object) -> None:
    """Take in what an implementation of the hook ``pytest_llmeval_metrics`` returned; None is nothing.

    Raises:
        UsageError: it is no list of metrics, or a name is taken.
    """
    from pytest_llmeval.assertions.own import Metric

    found: Iterable[object] = metrics if isinstance(metrics, (list, tuple)) else [metrics]
    for metric in found if metrics is not None else ():
        if not isinstance(metric, Metric):
            raise UsageError(
                f"the hook pytest_llmeval_metrics returned {metric!r:.80}",
                found="it returns a list of metrics",
                hint="make one of the function: @pytest_llmeval.metric",
            )
        declare(metric)


def assertion(name: str) -> Callable[..., Check | CaseCheck]:
    """Return the check of a declared metric by the name under which it is imported, such as ``assert_conversion``.

    Raises:
        UsageError: nobody has declared it.
    """
    found = _KNOWN.get(name.removeprefix(_PREFIX))
    if found is None:
        names = ", ".join(_PREFIX + known for known in sorted(_KNOWN)) or "none"
        raise UsageError(
            f"pytest_llmeval has no {name!r}, and no metric of that name is declared",
            found=f"declared so far: {names}",
            hint=f"in conftest.py: @pytest_llmeval.metric above def {name.removeprefix(_PREFIX)}(output): ...",
        )
    return found.metric.check
