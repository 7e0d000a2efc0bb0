"""A closed trial whose records were on their way → the same trial with plain records, and what went wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter
from typing import NamedTuple, TypeVar

from pytest_llmeval.calls.guard import said
from pytest_llmeval.errors import ProviderError
from pytest_llmeval.records import Check, Response, Trial, coming_of, is_heard, land, metric_of

T = TypeVar("T", Check, Response)


class Fault(NamedTuple):
    """What went wrong with a check that fails its test for it: a metric of the user's that raised.

    Args:
        error: what it raised.
        metric: name of the check's metric.
        nth: its number among its equals.
    """

    error: BaseException
    metric: str
    nth: int


def settled(trial: Trial) -> tuple[Trial, Fault | None]:
    """Land all records of a closed trial.

    A call whose provider failed leaves no response. Where nobody has heard of it, neither the test by reading the
    answer nor a check that is unscored for it, the trial is unscored as a whole. A check whose metric raised is not
    there, as if the error had been raised where the check stands.

    Args:
        trial: nothing of it is on its way any more.
    """
    checks, faults = _landed(trial.checks)
    heard = {id(call) for call in trial.calls if is_heard(call)}
    calls, lost = _landed(trial.calls)
    lost = [(call, error) for call, error in lost if id(call) not in heard]
    judge_calls, _ = _landed(trial.judge_calls)
    # Metrics run beside each other: their calls come in another order each time.
    judge_calls = tuple(sorted(judge_calls, key=attrgetter("key")))
    trial = replace(trial, calls=calls, judge_calls=judge_calls, checks=checks)
    own = [error for _, error in (*lost, *faults) if not isinstance(error, ProviderError)]
    if own and (not trial.error or trial.is_unscored):
        trial = replace(trial, error=said(own[0]), is_unscored=False)
    elif lost and not trial.error:
        trial = replace(trial, error=said(lost[0][1]), is_unscored=True)
    fault = next((Fault(error, metric_of(check), check.nth) for check, error in faults), None)
    return trial, fault


def are_pending(calls: Iterable[Iterable[Response]]) -> bool:
    """Whether calls of judges are still to be made plain records, though no check is on its way.

    So it is where a judge was so fast, or failed so soon, that its check was there at once, and where a check that is
    nobody's has asked it.

    Args:
        calls: of each trial.
    """
    return any(coming_of(call) is not None for of_trial in calls for call in of_trial)


def _landed(records: Iterable[T]) -> tuple[tuple[T, ...], list[tuple[T, BaseException]]]:
    there: list[T] = []
    lost: list[tuple[T, BaseException]] = []
    for record in records:
        try:
            there.append(land(record))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - pytest.fail() and sys.exit() too: a landing raises nothing else
            lost.append((record, error))
    return tuple(there), lost
