"""Two arms by one suite and metric: the same exact tests as the gate's, asked in both directions.

A difference of the mean has to show in two ways: exchanging the arms' labels within the cases does not explain it
(exact where the arms answer alike), and the interval of the difference, in which each arm has its own scatter, lies on
one side of 0 (so two arms that differ everywhere and are equally good are no winner and loser either). numpy is
imported late.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.gate.gains import gain_of
from pytest_llmeval.gate.matching import fate
from pytest_llmeval.gate.pairs import Pair, by_case, mean_of_means, whole
from pytest_llmeval.gate.words import count, names
from pytest_llmeval.records import CheckId, Duel, Line, SliceGain, Standing
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.gate.families import Finding

_CONFIDENCE = 0.975
_ONE_SIDED = 0.95
_RECYCLED = 2.0
"""By which the lines' share grows where the mean is proven, and its level passes on."""

_CASE_SHARE = 0.2
"""Of a level, for the single lines: who is better on the whole is what is asked first."""


@dataclass(frozen=True, kw_only=True)
class Looks:
    """The looks of two arms that are stopped early.

    Args:
        reference, arm: trials of a case after each planned look, ascending; as many of one as of the other.
        n_done: how many of them are drawn, from 1.
    """

    reference: tuple[int, ...]
    arm: tuple[int, ...]
    n_done: int

    @property
    def information(self) -> tuple[float, ...]:
        """What each planned look knows of the difference, up to a factor."""
        return tuple(1 / (1 / a + 1 / b) for a, b in zip(self.reference, self.arm, strict=True))


@dataclass(frozen=True, kw_only=True)
class Tested:
    """A duel before it is weighed against the others.

    Args:
        duel: all but its standing.
        falls, rises: what was found against a loss of the arm, and against a gain; one-sided, each at half a level.
        margin: below which the arms count as alike, in [0, 1].
    """

    duel: Duel
    falls: Finding | None = None
    rises: Finding | None = None
    margin: float = 0.05

    @property
    def p(self) -> float:
        """The smallest two-sided level at which anything would be claimed."""
        if self.falls is None or self.rises is None:
            return 1.0
        return min(1.0, 2.0 * min(self.falls.p_min, self.rises.p_min))

    def at(self, level: float, p_adjusted: float) -> Duel:
        """Return the duel as it stands at a two-sided level; at 0.0 nothing is claimed."""
        from pytest_llmeval.gate.families import mean_level

        if self.falls is None or self.rises is None:
            return self.duel
        standing, named = Standing.OPEN, {}
        if self.duel.bound is not None and self.duel.bound < self.margin:
            standing = Standing.ALIKE
        for word, found in ((Standing.WORSE, self.falls), (Standing.BETTER, self.rises)):
            side = level / 2
            is_proven = level > 0.0 and found.p_mean <= mean_level(side, found.spent, found.share)
            standing = word if is_proven else standing
            of_cases = (_RECYCLED if is_proven else 1.0) * found.share * side
            named[word] = tuple(sorted(id_ for id_, p in found.p_cases.items() if level > 0.0 and p <= of_cases))
        return replace(
            self.duel,
            standing=standing,
            p_adjusted=p_adjusted,
            better=named[Standing.BETTER],
            worse=named[Standing.WORSE],
        )


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What all duels of a session share.

    Args:
        alpha: the chance to claim any difference where there is none, at most; of all duels together.
        margin: the difference of the mean below which two arms count as alike, in [0, 1].
        min_case_gain: the difference of a line below which it is never named, in [0, 1].
        n_duels: between how many ``alpha`` is shared; only for what could have been seen.
    """

    alpha: float = 0.05
    margin: float = 0.05
    min_case_gain: float = 0.05
    n_duels: int = 1


def fight(
    duel: Duel, reference: Sequence[Line], arm: Sequence[Line], terms: Terms, looks: Looks | None = None
) -> Tested:
    """Test two arms against each other, case by case.

    Args:
        duel: who they are, by which suite and metric; the rest is found out.
        reference: lines of the first, in any order.
        arm: lines of the second.
        terms: what is asked.
        looks: where the arms are stopped early; only the trials of the looks so far count.
    """
    first, second = ({line.id._replace(arm=""): line for line in lines} for lines in (reference, arm))
    gated = {id_ for lines in (first, second) for id_, line in lines.items() if line.threshold is not None}
    common = sorted(id_ for id_ in first.keys() & second.keys() if not gated or id_ in gated)
    compared = [id_ for id_ in common if _fate(first[id_], second[id_]) == "compared"]
    notes = _left_out(common, first, second)
    if compared and all(_is_one_draw(first[id_], second[id_]) for id_ in compared):
        return Tested(duel=replace(duel, notes=("both arms sent the same requests, so all their answers are one",)))
    rounds = _rounds([(first[id_], second[id_]) for id_ in compared], looks)
    if not all(rounds):
        return Tested(duel=replace(duel, notes=notes or ("no case was scored in both arms",)))
    pairs = rounds[-1]
    cases = by_case(pairs)
    gain = gain_of(cases)
    n_looks = 1 if looks is None else len(looks.arm)
    interval, both = (gain.interval(1.0 - (1.0 - level) / n_looks) for level in (_CONFIDENCE, _ONE_SIDED))
    falls, rises = _findings(rounds, terms.alpha / 2, terms.min_case_gain, looks)
    found = Tested(
        duel=replace(
            duel,
            standing=Standing.OPEN,
            gain=gain.value,
            low=interval and interval[0],
            high=interval and interval[1],
            bound=both and max(-both[0], both[1]),
            mde=gain.visible(terms.alpha / terms.n_duels),
            reference_mean=mean_of_means(case.baseline for case in cases),
            arm_mean=mean_of_means(case.current for case in cases),
            n_cases=len(cases),
            slices=_slices(pairs, second),
            notes=notes,
        ),
        falls=falls,
        rises=rises,
        margin=terms.margin,
    )
    return replace(found, duel=replace(found.duel, p=found.p))


def _fate(reference: Line, arm: Line) -> str:
    return fate(reference, replace(arm, id=reference.id))


def _rounds(lines: Sequence[tuple[Line, Line]], looks: Looks | None) -> list[list[Pair]]:
    """Return the pairs as they were after each look, the last of all; without looks there is one."""
    if looks is None:
        return [[_pair(reference, arm) for reference, arm in lines]]
    found = []
    for n_reference, n_arm in list(zip(looks.reference, looks.arm, strict=True))[: looks.n_done]:
        early = [(_first(reference, n_reference), _first(arm, n_arm)) for reference, arm in lines]
        found.append([_pair(*both) for both in early if both[0].draws and both[1].draws and not both[0].is_case_level])
    return found


def _first(line: Line, n_trials: int) -> Line:
    """Return a line with its first trials; a draw that does not know its trial stands at its place."""
    draws = (draw for place, draw in enumerate(line.draws) if (place if draw.trial < 0 else draw.trial) < n_trials)
    return replace(line, draws=tuple(draws))


def _pair(reference: Line, arm: Line) -> Pair:
    id_ = arm.id._replace(arm="")
    return Pair(id=id_, baseline=whole(reference.scores), current=whole(arm.scores), is_case_level=arm.is_case_level)


def _is_one_draw(reference: Line, arm: Line) -> bool:
    """Whether no answer of the arm is another than the reference's: their requests have equal keys."""
    known = {draw.origin for draw in reference.draws if draw.origin}
    return all(draw.origin in known for draw in arm.draws)


def _left_out(ids: Sequence[CheckId], first: Mapping[CheckId, Line], second: Mapping[CheckId, Line]) -> tuple[str, ...]:
    whys = {
        "edited": "answer another input in the two arms",
        "unscored": "have no score in one of the arms",
        "other version": "were measured by another version of the metric",
        "other trials": "stand for another number of trials, so a consistency check cannot be set side by side",
    }
    fates = {id_: _fate(first[id_], second[id_]) for id_ in ids}
    found = []
    for word, why in whys.items():
        if left := [id_ for id_, one in fates.items() if one == word]:
            found.append(f"{count(len(left), 'line')} ({names(left)}) {why}: left out")
    return tuple(found)


def _findings(
    rounds: Sequence[Sequence[Pair]], level: float, min_case_gain: float, looks: Looks | None
) -> tuple[Finding, Finding]:
    """Return what is found against a loss and against a gain of the arm, each at a one-sided level."""
    from pytest_llmeval.gate.families import find_falls, find_rises

    # By content and not by name or order, so that the arms' names exchanged give the mirror image to the last bit.
    is_turned = _is_turned(by_case(rounds[-1]))
    seen = [[_turned(pair) for pair in pairs] if is_turned else pairs for pairs in rounds]
    p_fall, p_rise = _mean_p(seen, looks)
    # ``find_falls`` spends half of its level on the lines, and adjusts their p exactly up to the whole of it.
    of_lines = _RECYCLED * _CASE_SHARE * level
    falls = find_falls(seen[-1], p_fall, alpha=of_lines, min_case_drop=min_case_gain)
    rises = find_rises(seen[-1], p_rise, alpha=of_lines, min_case_drop=min_case_gain)
    n_looks = 1 if looks is None else len(looks.arm)
    falls, rises = (_shared(found, level, n_looks) for found in (falls, rises))
    return (rises, falls) if is_turned else (falls, rises)


def _mean_p(rounds: Sequence[Sequence[Pair]], looks: Looks | None) -> tuple[float, float]:
    """Return the one-sided p of a loss and of a gain of the mean: the greater one of the two ways to ask."""
    from pytest_llmeval.gate.boundaries import over_looks
    from pytest_llmeval.gate.families import mean_test

    p_falls, p_rises = [], []
    for pairs in rounds:
        cases = by_case(pairs)
        p_fall, p_rise = mean_test(cases)
        gain = gain_of(cases)
        p_falls.append(max(p_fall, gain.p_fall))
        p_rises.append(max(p_rise, gain.p_rise))
    if looks is None:
        return p_falls[0], p_rises[0]
    return over_looks(looks.information, p_falls), over_looks(looks.information, p_rises)


def _shared(found: Finding, level: float, n_looks: int) -> Finding:
    """Give the lines a small share of the level, an equal part of it to each look; the mean has the rest.

    With one look also what the lines cannot use of it, since their laws are discrete.
    """
    p_cases = {id_: min(1.0, p * n_looks) for id_, p in found.p_cases.items()}
    return replace(
        found, p_cases=p_cases, spent=found.spent if n_looks == 1 else _CASE_SHARE * level, share=_CASE_SHARE
    )


def _turned(pair: Pair) -> Pair:
    return replace(pair, baseline=pair.current, current=pair.baseline)


def _is_turned(cases: Sequence[Pair]) -> bool:
    there = sorted((sorted(case.baseline), sorted(case.current)) for case in cases)
    back = sorted((sorted(case.current), sorted(case.baseline)) for case in cases)
    return back < there


def _slices(pairs: Sequence[Pair], lines: Mapping[CheckId, Line]) -> tuple[SliceGain, ...]:
    by_tag: dict[str, list[Pair]] = {}
    for pair in pairs:
        for tag in dict.fromkeys(lines[pair.id].tags):
            by_tag.setdefault(tag, []).append(pair)
    found = []
    for tag, tagged in sorted(by_tag.items()):
        cases = by_case(tagged)
        gain = gain_of(cases)
        interval = gain.interval(_CONFIDENCE)
        found.append(
            SliceGain(
                tag=tag,
                gain=gain.value,
                low=interval and interval[0],
                high=interval and interval[1],
                n_cases=len(cases),
            )
        )
    return tuple(found)
