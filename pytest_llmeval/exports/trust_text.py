"""TrustReport → a table of rates, and the sentences that say what they mean to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.exports.wording import count, join
from pytest_llmeval.records.trust import Sight

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.records.trust import Alarm, AtTrials, PlantedFault, Rate, TrustReport

PROMISED = 0.05
"""Of sessions in which nothing changed, at most so many are called REGRESSED."""
_EVEN = 0.5  # a fault that is seen as often as not
_FEW = 20  # verdicts, of which a person wants to hear the number and not the share


def heading(report: TrustReport) -> str:
    """Say what was checked, and when."""
    cases = f"{count(report.n_cases, 'case')}, {count(report.n_lines, 'check')}, {_span(report.n_trials)} trials a case"
    what = [f"gate check of {report.checked_at}", cases]
    what += [f"commit {report.commit[:12]}"] if report.commit else []
    what += [report.model] if report.model else []
    return ", ".join(what)


def columns(report: TrustReport) -> list[str]:
    """Return the heads of the table: what was tried, and each number of trials of a case in the session."""
    return ["red in so many verdicts, with", *(count(n, "trial") for n in _sizes(report))]


def rows(report: TrustReport) -> list[list[str]]:
    """Return every rate of the report, its exact 95 % interval behind it: where nothing changed, then the faults."""
    most = max(report.n_trials, default=1)
    found: list[tuple[str, dict[int, Rate]]] = []
    if report.pairs is not None:
        found.append(("nothing changed: pairs of runs", {most: report.pairs}))
    if report.resampled is not None:
        found.append(("nothing changed: draws dealt out", {most: report.resampled}))
    found += [(fault.name, _by_trials(fault.found)) for fault in report.faults]
    found += [(f"in the draws: {drawn.name}", _by_trials(drawn.found)) for drawn in report.drawn_faults]
    return [[name, *(_cell(rates.get(n)) for n in _sizes(report))] for name, rates in found]


def sentences(report: TrustReport) -> list[str]:
    """Say what the rates mean."""
    return [
        *_false_alarms(report),
        *(_fault(fault) for fault in report.faults),
        *_drawn(report),
        *report.drift,
        *report.notes,
    ]


def percent(share: float) -> str:
    """Return a share in [0, 1] as "2.8 %" or "61 %"."""
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def between(rate: Rate) -> str:
    """Return the interval of a rate, such as "between 1.4 and 4.9 %"."""
    return f"between {percent(rate.low).removesuffix(' %')} and {percent(rate.high)}"


def _sizes(report: TrustReport) -> list[int]:
    """Return the numbers of trials for which there is a rate, ascending."""
    tried = [*(fault.found for fault in report.faults), *(drawn.found for drawn in report.drawn_faults)]
    found = [one.n_trials for rates in tried for one in rates]
    return sorted({*found, max(report.n_trials, default=1)})


def _by_trials(found: Sequence[AtTrials]) -> dict[int, Rate]:
    return {one.n_trials: one.rate for one in found}


def _cell(rate: Rate | None) -> str:
    if rate is None:
        return ""
    ends = f"({percent(rate.low).removesuffix(' %')}-{percent(rate.high).removesuffix(' %')})"
    return f"{rate.n_red} of {rate.n} {ends}" if rate.n < _FEW else f"{percent(rate.share)} {ends}"


def _span(ends: Sequence[int]) -> str:
    return "-" if not ends else "-".join(map(str, dict.fromkeys(ends)))


def _false_alarms(report: TrustReport) -> Iterator[str]:
    tried = []
    if report.pairs is not None:
        pairs = "pair of runs" if report.pairs.n == 1 else "pairs of runs"
        tried.append(f"in {report.pairs.n_red} of {report.pairs.n} {pairs} ({between(report.pairs)})")
    if report.resampled is not None and report.resampled.n:
        rate = report.resampled
        tried.append(f"in {percent(rate.share)} of {rate.n} ways to deal the same draws out ({between(rate)})")
    if tried:
        yield f"FALSE ALARMS Nothing had changed, and the gate was red {' and '.join(tried)}. {_promise(report)}"
    yield from _named("Named in pairs of runs, without a reason", report.alarms, report.pairs)
    yield from _named("Named in draws dealt out at random", report.resampled_alarms, report.resampled)
    if report.n_no_verdict:
        yield f"In {count(report.n_no_verdict, 'pair')} of runs too little could be compared for a verdict."
    yield (
        f"Scores vary between the trials of {report.n_varying} of {count(report.n_lines, 'check')}; the others can "
        "raise no false alarm."
    )
    yield (
        "Dealing out shows the noise between trials. What a whole run shares, such as a provider's bad hour, only more "
        "pairs of runs can show, hours apart."
    )


def _promise(report: TrustReport) -> str:
    """Say whether what was seen can be squared with what the gate promises."""
    promised = f"It promises at most {percent(PROMISED)}"
    if report.pairs is not None and report.pairs.low > PROMISED:
        return (
            f"{promised}, and does not keep it here: whole runs differ by more than their trials do. More runs in the "
            "baseline (`llmeval baseline extend`) or `--llmeval-confirm` help."
        )
    if report.resampled is not None and report.resampled.low > PROMISED:
        return f"{promised}, and does not keep it on these draws: please report it."
    return f"{promised}."


def _named(what: str, alarms: Sequence[Alarm], rate: Rate | None) -> Iterator[str]:
    if alarms and rate is not None:
        yield f"{what}: {join(f'{alarm.id} ({alarm.n} of {rate.n})' for alarm in alarms)}."


def _fault(fault: PlantedFault) -> str:
    if fault.sight is Sight.NO_VERDICT:
        return f"NO VERDICT {fault.name}: {' '.join(fault.sentences)} (exit status 6, so not green)"
    share = fault.found[-1].rate.share if fault.found else None
    if fault.sight is Sight.MISSED:
        luck = " Another run may well find it." if share is not None and share > _EVEN else ""
        return f"MISSED {fault.name}: {' '.join(fault.sentences)}{_with_fewer(fault.found)}{luck}"
    named = f"named {join(map(str, fault.named))}" if fault.named else "the average fell, no case was named"
    luck = " Another run may well miss it." if share is not None and share < _EVEN else ""
    return f"FOUND {fault.name}: {named}.{_with_fewer(fault.found)}{luck}"


def _with_fewer(found: Sequence[AtTrials]) -> str:
    if not found:
        return ""
    first, *others = found
    said = [f"With {count(first.n_trials, 'trial')} a case it would be found in {percent(first.rate.share)} of runs"]
    said += [f"with {one.n_trials} in {percent(one.rate.share)}" for one in others]
    return f" {', '.join(said)}."


def _drawn(report: TrustReport) -> Iterator[str]:
    last = [(drawn.name, drawn.found[-1]) for drawn in report.drawn_faults if drawn.found]
    if last:
        said = "; ".join(f"where {name}, in {percent(one.rate.share)} of runs" for name, one in last)
        yield f"MISSES With {count(last[0][1].n_trials, 'trial')} a case the gate would be red: {said}."
