"""How far judges agree with people → words and figures, the same in every export.

What a session knows stands on its summaries; of older sessions only the names of uncalibrated metrics are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports.wording import count, join
from pytest_llmeval.records import Judged

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from pytest_llmeval.records import Session, Summary


def judged_of(session: Session, summary: Summary) -> tuple[Judged, ...]:
    """Return the judged versions behind a summary; empty where no judge gave its scores."""
    if summary.judged or summary.metric not in session.uncalibrated:
        return summary.judged
    return () if any(one.judged for one in session.summaries) else (Judged(version=""),)


def weakest(judged: Sequence[Judged]) -> Judged | None:
    """Return the version that a mean over all of them can be believed least for: unknown first, then the lowest."""
    return min(judged, key=lambda one: one.agreement or (-1.0,), default=None)


def short(judged: Sequence[Judged]) -> str:
    """Return what fits a column: "0.80 of 10" labelled answers, "uncalibrated", or "-" where nobody judged."""
    one = weakest(judged)
    if one is None:
        return "-"
    return "uncalibrated" if one.agreement is None else f"{one.agreement[0]:.2f} of {one.n_labels}"


def figures(one: Judged) -> dict[str, float]:
    """Return the figures of a calibrated version by name: each in [-1, 1], but for the number of labelled answers."""
    if one.agreement is None:
        return {}
    others = {"ac1": one.ac1, "tpr": one.tpr, "tnr": one.tnr}
    return {
        "agreement": one.agreement[0],
        "agreement_lower": one.agreement[1],
        "labels": one.n_labels,
        **{name: value[0] for name, value in others.items() if value is not None},
    }


def versions(session: Session) -> dict[str, list[Judged]]:
    """Return every judged version of a session once, whichever suites and arms it is behind, by its metric."""
    found: dict[str, dict[str, Judged]] = {}
    for summary in session.summaries:
        found.setdefault(summary.metric, {}).update({one.version: one for one in judged_of(session, summary)})
    return {metric: list(known.values()) for metric, known in found.items() if known}


def line(session: Session) -> str:
    """Say of all calibrated metrics how far they agree with people, in one line; empty where there is none."""
    known = {metric: found for metric, found in versions(session).items() if all(one.agreement for one in found)}
    said = [f"{metric} on {short(found)}" for metric, found in known.items()]
    return f"the judge agrees with people: {join(said)} labelled answers" if said else ""


def sentences(session: Session, metrics: Container[str] | None = None) -> Iterator[str]:
    """Yield what is known of each judged metric, or that nothing is; of some metrics, or of all."""
    for metric, judged in versions(session).items():
        if metrics is None or metric in metrics:
            yield from (f"{metric} {text}" for text in told(judged))


def told(judged: Sequence[Judged]) -> Iterator[str]:
    """Say of the versions of a metric what is known of each, and that nothing is of the others, to an engineer.

    The metric's name goes before each. Criteria in plain words are a version each, so there may be hundreds.
    """
    unknown = [one.version for one in judged if one.agreement is None]
    yield from (_known(one, one.agreement) for one in judged if one.agreement is not None)
    if unknown:
        what = "is uncalibrated" if len(unknown) == 1 else f"is uncalibrated in {len(unknown)} versions"
        named = f" ({join(unknown)})" if unknown[0] else ""
        yield f"{what}: no agreement of this judge with people is stored{named}"


def _known(one: Judged, agreement: Sequence[float]) -> str:
    parts = [f"agrees with people on {_share(agreement)} of {count(one.n_labels, 'labelled answer')}"]
    parts += [] if one.ac1 is None else [f"{one.ac1[0]:.2f} beyond chance (AC1)"]
    parts += [] if one.tpr is None else [f"passes {_share(one.tpr)} of the good ones"]
    parts += [] if one.tnr is None else [f"fails {_share(one.tnr)} of the bad ones"]
    mark = "at a threshold fitted to them" if one.threshold is None else f"at threshold {one.threshold:g}"
    day = f", measured on {one.measured_on}" if one.measured_on else ""
    return f"{', '.join(parts)}; {mark}{day} ({one.version})"


def _share(value: Sequence[float]) -> str:
    middle, low, high = value
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"
