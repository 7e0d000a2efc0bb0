"""How far a metric agrees with people, as it is measured, stored and shown.

Not among the names of the package ``records``: an ordinary run of pytest needs it only where it has a judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

Range: TypeAlias = tuple[float, float, float]
"""A number with the bounds of its 95 % interval."""


class At(NamedTuple):
    """Agreement at one threshold; None is what cannot be told, since a kind of item is missing.

    Args:
        raw: share of the items of which metric and people say the same.
        ac1: Gwet's AC1, in [-1, 1].
        kappa: Cohen's kappa, in [-1, 1].
        tpr: share of the good items that pass.
        tnr: share of the bad items that fail.
    """

    raw: Range | None
    ac1: Range | None
    kappa: Range | None
    tpr: Range | None
    tnr: Range | None


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """One metric, in one version, against people's labels.

    Args:
        metric: its name.
        version: of its scores; of a judged metric it holds the judge's fingerprint.
        labels: digest of the labels: the same for the same labels in any order.
        n_items: items that have a label.
        n_good, n_bad: of those that have a score, and a label that is not split.
        n_unscored: items without a score.
        n_split: items that people call neither good nor bad: a tie, or as many say so as not.
        good_from: least label, the mean of several, that counts as good.
        threshold: the pass mark that the check has by default; None where it has none.
        at_threshold: agreement there.
        fitted: the pass mark that fits these labels best; None where a kind of item is missing.
        at_fitted: agreement by pass marks fitted in the same way, each without the items that it decides.
        auroc: chance that a good item scores above a bad one.
        people: share of the pairs of people's labels for one item that say the same, and the number of pairs.
        judges: whom a metric of the user's own asked, sorted, since its version does not name them; empty for ours.
        measured_on: ISO date, in UTC, on which this was first found; empty where it was not noted.
    """

    metric: str
    version: str
    labels: str
    n_items: int
    n_good: int
    n_bad: int
    n_unscored: int
    n_split: int
    good_from: float
    threshold: float | None
    at_threshold: At | None
    fitted: float | None
    at_fitted: At | None
    auroc: Range | None
    people: tuple[float, int] | None
    judges: tuple[str, ...] = ()
    measured_on: str = ""

    @property
    def key(self) -> str:
        """What it is known by among those of its metric."""
        return named(self.version, self.judges)


def named(version: str, judges: Iterable[str]) -> str:
    """Return the version of a score as a person reads it, with whom its metric asked: ``1, asked openai/gpt-4o``."""
    asked = " + ".join(judges)
    return f"{version}, asked {asked}" if asked else version
