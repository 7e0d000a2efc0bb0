"""The baseline's own draws, scored again: nothing is left to chance, so they are compared exactly.

They never enter a test, since they are no new sample of the model. Another score for the same draw can only come from
the scoring or from the application around it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.gate.pairs import whole
from pytest_llmeval.gate.words import count, names
from pytest_llmeval.records import CaseVerdict, CheckId, Comparison, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.records import Draw


class Replay(NamedTuple):
    """The draws of one line that are the baseline's own, scored then and now.

    Args:
        baseline_mean, current_mean: of the same draws, in [0, 1].
        n_draws: how many.
        is_changed: whether any of them has another score now.
        is_whole: whether the session drew nothing else for this line.
    """

    id: CheckId
    baseline_mean: float
    current_mean: float
    n_draws: int
    is_changed: bool
    is_whole: bool

    @property
    def fall(self) -> float:
        """Baseline minus current, in [-1, 1]; positive is worse."""
        return self.baseline_mean - self.current_mean


def replay_of(id_: CheckId, before: Sequence[Draw], now: Sequence[Draw], *, is_whole: bool) -> Replay:
    """Set a session's draws against the baseline's scores of the same origins.

    Args:
        id_: of the line.
        before: all draws of the baseline.
        now: draws of the session whose origins all stand in the baseline, at least one.
        is_whole: whether they are all that the session has.
    """
    scores: dict[str, list[float]] = {}
    for draw in before:
        scores.setdefault(draw.origin, []).append(draw.score)
    then = [math.fsum(scores[draw.origin]) / len(scores[draw.origin]) for draw in now]
    return Replay(
        id=id_,
        baseline_mean=math.fsum(then) / len(now),
        current_mean=math.fsum(draw.score for draw in now) / len(now),
        n_draws=len(now),
        is_changed=any(whole([draw.score]) != whole([score]) for draw, score in zip(now, then, strict=True)),
        is_whole=is_whole,
    )


def judge_replays(base: Comparison, replays: Sequence[Replay], min_case_drop: float) -> Comparison:
    """Decide where every draw is the baseline's own: nothing is left to chance, and nothing is learnt of the model."""
    cases = _moved(replays, min_case_drop)
    verdicts = {case.verdict for case in cases}
    worst = next((word for word in (Verdict.REGRESSED, Verdict.IMPROVED) if word in verdicts), Verdict.UNCHANGED)
    p = 0.0 if worst is Verdict.REGRESSED else 1.0
    return replace(
        base,
        verdict=worst,
        drop=math.fsum(replay.fall for replay in replays) / len(replays),
        p_case=p,
        p_min=p,
        baseline_mean=math.fsum(replay.baseline_mean for replay in replays) / len(replays),
        current_mean=math.fsum(replay.current_mean for replay in replays) / len(replays),
        n_replayed=len(replays),
        cases=cases,
        notes=(*_notes(replays), *base.notes),
    )


def with_replays(sampled: Comparison, replays: Sequence[Replay], min_case_drop: float) -> Comparison:
    """Add what the baseline's own draws show to what a sample shows; a fall among them needs no proof."""
    cases = _moved(replays, min_case_drop)
    told = {case.id for case in cases}
    recorded = [replay for replay in replays if replay.is_whole]
    compared = replace(
        sampled,
        baseline_mean=_over_all(sampled.baseline_mean, sampled, [replay.baseline_mean for replay in recorded]),
        current_mean=_over_all(sampled.current_mean, sampled, [replay.current_mean for replay in recorded]),
        n_replayed=len(recorded),
        cases=(*cases, *(case for case in sampled.cases if case.id not in told)),
        notes=(*_notes(replays, n_sampled=sampled.n_compared), *sampled.notes),
    )
    if any(case.verdict is Verdict.REGRESSED for case in cases):
        return replace(compared, verdict=Verdict.REGRESSED, p_case=0.0, p_min=0.0)
    return compared


def _over_all(sampled_mean: float | None, sampled: Comparison, recorded: Sequence[float]) -> float:
    """Return the mean over sampled and recorded lines: what a reader sets beside the session's own mean."""
    total = math.fsum([(sampled_mean or 0.0) * sampled.n_compared, *recorded])
    return total / (sampled.n_compared + len(recorded))


def _moved(replays: Sequence[Replay], min_case_drop: float) -> tuple[CaseVerdict, ...]:
    """Return a word on each line whose recorded draws have another mean now, beyond the practical floor."""
    moved = [replay for replay in replays if replay.is_changed and abs(replay.fall) >= min_case_drop - 1e-9]
    return tuple(
        CaseVerdict(
            id=replay.id,
            verdict=Verdict.REGRESSED if replay.fall > 0 else Verdict.IMPROVED,
            baseline_mean=replay.baseline_mean,
            baseline_trials=replay.n_draws,
            current_mean=replay.current_mean,
            current_trials=replay.n_draws,
            p_adjusted=0.0,
            reason=_word(replay),
        )
        for replay in sorted(moved, key=lambda replay: (-replay.fall, replay.id))
    )


def _notes(replays: Sequence[Replay], n_sampled: int = 0) -> tuple[str, ...]:
    """Say what the baseline's own draws are worth, and which of them have another score now."""
    if n_sampled:
        n_draws = sum(replay.n_draws for replay in replays)
        said = [f"{count(n_draws, 'draw')} replayed from the baseline's own recordings, compared exactly"]
    else:
        said = ["replayed: the baseline's own recordings; says nothing about the model"]
    changed = [replay.id for replay in replays if replay.is_changed]
    if changed:
        said.append(f"scoring or application code changed: the same draws score differently in {names(changed)}")
    return tuple(said)


def _word(replay: Replay) -> str:
    """Say how the score of recorded draws moved."""
    draws = "the same draw" if replay.n_draws == 1 else f"the same {replay.n_draws} draws"
    return (
        f"scoring or application code changed: {draws} scored {replay.baseline_mean:.2f} on main, "
        f"{replay.current_mean:.2f} here"
    )
