"""SessionVerdict → the few sentences for which the top of a page has room.

Merged here and not in the gate: ``SessionVerdict.sentences`` keeps each comparison's own sentence, for ``-v``, for
``llmeval baseline diff`` and for whoever reads a stored session later. How many of them fit a page is the page's affair,
and the comparisons hold every figure that the merged sentence needs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmeval.exports.wording import join, label
from pytest_llmeval.records import Comparison, SessionVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence


def brief(verdict: SessionVerdict) -> tuple[str, ...]:
    """Return the verdict's sentences, with one for all comparisons that are undecided, and so on.

    REGRESSED, IMPROVED, NOT COMPARABLE and what speaks of no single comparison stay as the gate says them, in its
    order: there each sentence asks for something else to be done.
    """
    gated = [comparison for comparison in verdict.comparisons if not comparison.is_informational]
    merged = {
        word: _merged(word, [comparison for comparison in gated if comparison.verdict is word], gated)
        for word in (Verdict.UNDECIDED, Verdict.UNCHANGED, Verdict.NO_BASELINE)
    }
    said: list[str] = []
    for sentence in verdict.sentences:
        instead = next((texts for word, texts in merged.items() if texts and is_about(sentence, word)), (sentence,))
        said += (text for text in instead if text not in said)
    return tuple(said)


def is_about(sentence: str, word: Verdict) -> bool:
    """Whether the gate said this sentence of a comparison or a case with that verdict."""
    shown = "NOT COMPARABLE" if word is Verdict.INCOMPARABLE else word.upper()
    return sentence.startswith(f"{shown} ")


def _merged(word: Verdict, found: Sequence[Comparison], gated: Sequence[Comparison]) -> tuple[str, ...]:
    if not found:
        return ()
    with_suite = len({comparison.suite for comparison in gated}) > 1
    if word is Verdict.UNDECIDED:
        return (f"UNDECIDED {_undecided(found, len(gated), with_suite=with_suite)}",)
    if word is Verdict.NO_BASELINE:
        named = join(label(comparison, with_suite=with_suite) for comparison in found)
        return (f"NO BASELINE yet for {named}; `pytest --llmeval-baseline-update=new-only` on main adds it.",)
    return tuple(f"UNCHANGED {text}" for text in _unchanged(found, with_suite=with_suite))


def _undecided(found: Sequence[Comparison], n_gated: int, *, with_suite: bool) -> str:
    """Say what could have shown: the most and the least sensitive comparison, and the largest fall."""
    ordered = sorted(found, key=_visible)
    first, last = _visible(ordered[0]), _visible(ordered[-1])
    names = [label(comparison, with_suite=with_suite) for comparison in (ordered[0], ordered[-1])]
    if len(found) == 1:
        said = f"no regression is shown in {names[0]}, but only a drop of {first} points or more would have been."
    elif first == last:
        said = f"{_how_many(found, n_gated)} no regression, but only a drop of {first} points or more would have shown."
    else:
        far = f"up to {last} in {names[1]}" if last <= 100 else f"none of any size in {names[1]}"  # noqa: PLR2004 - points
        said = (
            f"{_how_many(found, n_gated)} no regression, but only a drop this large would have shown: "
            f"{first} points or more in {names[0]}, {far}."
        )
    if first > 100:  # noqa: PLR2004 - points
        said = f"no regression is shown in {join(names[: len(found)])}, but no drop of any size would have been."
    return said + _largest_fall(found, with_suite=with_suite)


def _how_many(found: Sequence[Comparison], n_gated: int) -> str:
    return f"all {n_gated} metrics show" if len(found) == n_gated else f"{len(found)} of {n_gated} metrics show"


def _visible(comparison: Comparison) -> int:
    """Return the smallest drop that would have shown, in whole points, rounded up; 101 where none would."""
    if comparison.mde is None or comparison.mde >= 1.0:
        return 101
    return math.ceil(round(100 * comparison.mde, 6))


def _largest_fall(found: Sequence[Comparison], *, with_suite: bool) -> str:
    """Tell the largest fall, for nobody has proven that it is none."""
    fallen = max(found, key=lambda comparison: comparison.drop)
    if round(1000 * fallen.drop) <= 0:
        return ""
    size = f"{100 * fallen.drop:.1f}".removesuffix(".0")
    if len(found) == 1:
        return f" Its fall of {size} points may be chance."
    return f" The largest fall, {size} points in {label(fallen, with_suite=with_suite)}, may be chance."


def _unchanged(found: Sequence[Comparison], *, with_suite: bool) -> list[str]:
    sampled = [comparison for comparison in found if comparison.n_compared]
    replayed = [comparison for comparison in found if not comparison.n_compared]
    said = []
    if sampled:
        named = join(label(comparison, with_suite=with_suite) for comparison in sampled)
        # The margin that was asked for is not stored; the bound that was found is, and says more.
        bound = max(math.ceil(round(1000 * (comparison.high or 0.0), 6)) for comparison in sampled) / 10
        said.append(f"any drop in {named} is at most {bound:g} points.")
    if replayed:
        named = join(label(comparison, with_suite=with_suite) for comparison in replayed)
        said.append(f"{named} (replayed: the baseline's own recordings; says nothing about the model).")
    return said
