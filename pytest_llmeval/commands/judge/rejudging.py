"""A session's judged scores, by another judge or criterion: asked, and set beside the old ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.agreement import rates
from pytest_llmeval.commands import project
from pytest_llmeval.commands.judge import again
from pytest_llmeval.commands.judge.arguments import Asked
from pytest_llmeval.commands.judge.asking import scored
from pytest_llmeval.commands.output import inert, say, say_table
from pytest_llmeval.commands.sessions import everywhere
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.commands.judge.again import Old
    from pytest_llmeval.records import Check

_MOST = 5
_MIDDLE = 0.5  # of a check that only records


class Both(NamedTuple):
    """One check, as it was scored and as it is now."""

    old: Old
    new: Check


def rejudge(arguments: argparse.Namespace) -> None:
    """Score again, and say what became of each score."""
    if arguments.rubric and not arguments.metric:
        raise UsageError("--rubric is a criterion of one metric", hint="say which: --metric NAME")
    found = project.find(arguments.rootdir)
    session = everywhere.read(found, arguments.session)
    every = [old for old in again.judged_checks(session) if arguments.metric in (None, old.check.score.metric)]
    known = [old for old in every if old.parts]
    if not known:
        raise UsageError(
            f"session {session.id!r} has no judged score that can be scored again",
            found=f"{len(every)} judged scores, of none of which it holds what the judge was shown",
            hint="what a judge was shown is stored where llmeval_store_texts is true",
        )
    if arguments.rubric:
        known = [old._replace(criterion=arguments.rubric) for old in known]
    asked = Asked(
        arguments.metric or "the judge",
        "graded_again(case)",
        arguments.judge or "",
        "pytest_llmeval.commands.judge.again",
    )
    checks = scored(found, asked, [again.as_answer(old) for old in known], arguments.options)
    both = [Both(old, new) for old, new in zip(known, checks, strict=True)]
    say("", f"session {inert(session.id)}, {len(both)} of {len(every)} judged scores scored again", "")
    _say(both, is_whole=arguments.all)
    if arguments.output:
        Path(arguments.output).write_text("".join(f"{line}\n" for line in _lines(both)), encoding="ascii")
        say("", f"old and new scores stand in {inert(arguments.output)}")


def _say(both: Sequence[Both], *, is_whole: bool) -> None:
    say_table(("metric", "scored by both", "old mean", "new mean", "same decision", "AC1"), _rows(both))
    versions = {(one.old.check.score.metric, one.old.check.score.version, one.new.score.version) for one in both}
    say("", *(f"{inert(metric)}: {inert(old)}, now {inert(new)}" for metric, old, new in sorted(versions)))
    unscored = [one for one in both if one.new.value is None]
    if unscored:
        say(
            f"{len(unscored)} unscored now, first: {inert(unscored[0].old.name)}: {inert(unscored[0].new.score.reason)}"
        )
    changed = [one for one in both if (decided := _decisions(one)) is not None and decided[0] != decided[1]]
    if changed:
        say(f"{len(changed)} decisions changed:")
        for one in changed if is_whole else changed[:_MOST]:
            old, new = one.old.check, one.new
            say(f"  {inert(one.old.name)} {inert(old.score.metric)}: {old.value:.2f}, now {new.value:.2f}")
            say(f"    then: {inert(old.score.reason)}", f"    now: {inert(new.score.reason)}")
        if not is_whole and len(changed) > _MOST:
            say(f"  and {len(changed) - _MOST} more: --all")


def _rows(both: Sequence[Both]) -> Iterator[tuple[str, ...]]:
    for metric in sorted({one.old.check.score.metric for one in both}):
        of_metric = [one for one in both if one.old.check.score.metric == metric]
        pairs = [
            (one.old.check.value, one.new.value)
            for one in of_metric
            if one.old.check.value is not None and one.new.value is not None
        ]
        if not pairs:
            yield metric, f"0 of {len(of_metric)}", "-", "-", "-", "-"
            continue
        counts = rates.counted(decided for one in of_metric if (decided := _decisions(one)) is not None)
        old, new = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
        figures = [f"{old:.3f}", f"{new:.3f}", *(_shown(found) for found in (rates.raw(counts), rates.ac1(counts)))]
        yield metric, f"{len(pairs)} of {len(of_metric)}", *figures


def _decisions(one: Both) -> tuple[bool, bool] | None:
    """Return whether the check passed, and whether it does now; None where it has no score of one of them."""
    old, new = one.old.check, one.new
    if old.value is None or new.value is None:
        return None
    mark = _MIDDLE if old.threshold is None else old.threshold
    return old.value >= mark, new.value >= mark


def _shown(found: rates.Estimate | None) -> str:
    return "-" if found is None else f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _lines(both: Sequence[Both]) -> Iterator[str]:
    for one in both:
        old, new = one.old.check, one.new
        yield json.dumps(
            {
                "check": one.old.name,
                "metric": old.score.metric,
                "threshold": old.threshold,
                "old": {"score": old.value, "version": old.score.version, "reason": old.score.reason},
                "new": {"score": new.value, "version": new.score.version, "reason": new.score.reason},
                "origin": old.origin,
            }
        )
