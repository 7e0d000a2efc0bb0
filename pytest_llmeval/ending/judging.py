"""A gathered session → the same with its aggregates, its verdict, and the variants set against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval import gate
from pytest_llmeval.gate.floors import below_floors
from pytest_llmeval.gate.summary import of_first_pass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_llmeval.ending.comparing import Confirm
    from pytest_llmeval.ending.grounds import Grounds
    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.records import Contest, Line, Session


def judge(
    record: Session,
    grounds: Grounds,
    lines: tuple[Line, ...],
    *,
    tell: Callable[[str], object],
    confirm: Confirm | None = None,
) -> Session:
    """Aggregate a session, and compare it with the baseline where the gate is on.

    Args:
        record: what was gathered: plan, results, what was lost and why.
        grounds: what it is judged by.
        lines: of its results.
        tell: told of what could not be read.
        confirm: as of ``comparing.compare``.

    Raises:
        LlmevalError: the baseline cannot be read.
    """
    settings = grounds.settings
    verdict = against = None
    if settings.gate != "off":
        left_out = _left_out(record, grounds)
        record = replace(record, selection=", ".join(filter(None, [record.selection, *left_out])))
        from pytest_llmeval.ending import comparing

        verdict, against = comparing.compare(grounds, record, lines, confirm=confirm)
    summaries, uncalibrated = gate.summarise(lines, record.trials), tuple[str, ...]()
    if settings.judges:
        from pytest_llmeval.store import judged

        summaries = judged.with_agreement(summaries, record.results, settings.calibration, tell)
        uncalibrated = judged.uncalibrated(summaries)
    return replace(
        record,
        summaries=summaries,
        verdict=verdict,
        against=against,
        floors=below_floors(settings.fail_under, summaries, lines),
        contest=_contest(record, settings, lines),
        uncalibrated=uncalibrated,
    )


def _left_out(record: Session, grounds: Grounds) -> list[str]:
    """Name the modules that the baseline knows, that are there, and of which nothing was to be run."""
    planned = {_module(case.id.test) for case in record.plan.cases.values()}
    known = {_module(id_.test) for id_ in grounds.baseline.lines}
    return [f"without {module}" for module in sorted(known - planned) if (grounds.settings.root / module).exists()]


def _module(test_id: str) -> str:
    return test_id.partition("::")[0]


def _contest(record: Session, settings: Settings, every: Sequence[Line]) -> Contest | None:
    """Set the variants against each other, where there are several; whoever wins, the exit status does not ask."""
    variants = {variant.name: variant for variant in record.plan.variants}
    if len(variants) < 2:  # noqa: PLR2004 - it takes two
        return None
    # Cases that were drawn again because they looked bad would speak against the arm in which they did.
    lines = [of_first_pass(line, record.trials) for line in every]
    rounds = settings.looks
    if settings.trials not in rounds:
        return gate.compare_arms(tuple(variants), lines, record.results)
    from pytest_llmeval.gate.arm_rounds import looks_of
    from pytest_llmeval.gate.arms import pairs_of

    looks = looks_of(pairs_of(tuple(variants), lines), variants, rounds, rounds.index(settings.trials) + 1)
    return gate.compare_arms(tuple(variants), lines, record.results, looks=looks)
