"""What people would say of all answers of a session, by the labels of a few and the metric's word on the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.agreement.corrected import corrected_mean
from pytest_llmeval.agreement.measuring import label_of
from pytest_llmeval.commands.output import inert, say
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records.agreement import named
from pytest_llmeval.records.label import RANDOM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pytest_llmeval.commands.judge.report import Finding
    from pytest_llmeval.records import Check, Session
    from pytest_llmeval.records.agreement import Agreement


def say_suite_rate(session: Session, agreement: Agreement, findings: Sequence[Finding]) -> None:
    """Print the share of a session's answers that people would call good.

    Args:
        session: whole.
        agreement: of the metric, as it was measured.
        findings: the labelled answers.

    Raises:
        UsageError: the session has no score of this version, or there is no threshold, or no label.
    """
    mark = agreement.threshold if agreement.threshold is not None else agreement.fitted
    checks = _checks(session, agreement)
    if not checks:
        raise UsageError(
            f"session {session.id!r} has no score of {agreement.metric!r}, version {agreement.key!r}",
            found=", ".join(sorted(_versions(session, agreement.metric))) or "none of that metric",
            hint="scores of another version are of another metric, or judge",
        )
    # What was picked because it looked odd is no sample: of those answers the metric's word counts, as of any other.
    sample = [found for found in findings if found.picked in ("", RANDOM)]
    labelled = [
        (float(good), float(found.item.score >= mark))
        for found in sample
        if mark is not None
        and found.item.score is not None
        and (good := label_of(found.item, agreement.good_from)) is not None
    ]
    # An answer that people have labelled speaks once.
    known = {found.check.output for found in sample}
    others = [
        float(check.value >= mark)
        for check in checks
        if mark is not None and check.value is not None and check.output not in known
    ]
    rate = corrected_mean([label for label, _ in labelled], [passed for _, passed in labelled], others)
    if rate is None:
        raise UsageError(
            "a corrected rate needs a threshold, and at least 2 scored answers that were labelled at random",
            found=f"{len(labelled)} such answers, {len(findings) - len(sample)} that were picked otherwise",
            hint="llmeval label next --by random",
        )
    say(
        "",
        f"session {inert(session.id)}: people would call {rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}] of its "
        f"answers good, where the metric passes {rate.judged:.2f}",
        f"  by {rate.n_labelled} labelled answers and the metric's word on {rate.n_judged} more "
        f"(it counts {rate.weight:.2f})",
        *_conditions(findings, sample, {check.output for check in checks}),
    )


def _conditions(findings: Sequence[Finding], sample: Sequence[Finding], outputs: Collection[str]) -> Iterator[str]:
    """Say what the rate rests on."""
    n_aimed, n_unknown = len(findings) - len(sample), sum(not found.picked for found in sample)
    if n_aimed:
        yield f"  {n_aimed} more are left out: they were not picked at random, but by disagreement or threshold"
    if n_unknown:
        yield f"  it holds if the {n_unknown} that do not say how were picked at random from answers like these"
    n_elsewhere = sum(found.check.output not in outputs for found in sample)
    if n_elsewhere:
        yield f"  {n_elsewhere} are no answers of this session: it holds if they are like these"


def _checks(session: Session, agreement: Agreement) -> list[Check]:
    return [
        check
        for check in _of_metric(session, agreement.metric)
        if check.score.version == agreement.version and set(check.score.judges) <= set(agreement.judges)
    ]


def _of_metric(session: Session, metric: str) -> list[Check]:
    return [
        check
        for result in session.results
        for check in (*(check for trial in result.trials for check in trial.checks), *result.checks)
        if check.score.metric == metric
    ]


def _versions(session: Session, metric: str) -> set[str]:
    return {named(check.score.version, check.score.judges) for check in _of_metric(session, metric)}
