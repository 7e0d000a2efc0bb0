"""A case-level check on its way: each trial gives its share, and after the last one they are measured together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pytest_llmeval.records import Check, Score, digest


class Share(NamedTuple):
    """What one trial gives to a case-level check.

    Args:
        text: the answer, None where there is none that could be judged.
        head: its start, as it is kept with the check.
        origin: identity of the draw.
    """

    text: str | None
    head: str
    origin: str


@dataclass
class OverTrials:
    """The shares of one check, each read once all of them are there.

    Args:
        measure: texts of the judged answers to a score.
        check: its terms, number and place.
        reads: by the index of the trial, in their order.
    """

    measure: Callable[[Sequence[str]], Score]
    check: Check
    reads: dict[int, Callable[[], Share]] = field(default_factory=dict)

    def first(self, n_trials: int) -> OverTrials:
        """Return the shares of the first trials."""
        return replace(self, reads={trial: read for trial, read in self.reads.items() if trial < n_trials})

    def landed(self) -> Check:
        """Measure."""
        shares = [read() for read in self.reads.values()]
        judged = [share for share in shares if share.text is not None]
        known = [share.origin for share in judged] if all(share.origin for share in judged) else []
        return replace(
            self.check,
            score=self.measure([share.text or "" for share in judged]),
            output=shares[0].head,
            origin=digest(sorted(known))[:16] if known else "",
            n_trials=len(judged),
        )
