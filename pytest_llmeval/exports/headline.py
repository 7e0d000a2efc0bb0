"""SessionVerdict → the few sentences for which the top of a page has room.

Merged here and not in the gate: ``SessionVerdict.sentences`` keeps each comparison's own sentence, for ``-v``, for
``llmeval baseline diff`` and for whoever reads a stored session later. How many of them fit a page is the page's
affair, and the comparisons hold every figure that the merged sentence needs.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pytest_llmeval.exports.wording import join, label, points
from pytest_llmeval.records import Comparison, SessionVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WHOLE = 100  # points
# As ``gate.notes.of_flaky`` says it of one comparison.
_FLAKY = re.compile(
    r".+: (?P<n>\d+) checks? failed (?P<a_trial>a trial )?here that also fails? at times on main"
    r" \(expected (?P<expected>[\d.]+)\)\."
)


def brief(verdict: SessionVerdict) -> tuple[str, ...]:
    """Return the verdict's sentences, with one for all comparisons that are undecided, and so on.

    REGRESSED, IMPROVED, NOT COMPARABLE and what speaks of no single comparison stay as the gate says them, in its
    order: there each sentence asks for something else to be done. What fails at times on main too is counted once.
    """
    gated = [comparison for comparison in verdict.comparisons if not comparison.is_informational]
    with_suite = len({comparison.suite for comparison in verdict.comparisons}) > 1
    merged = {
        word: _merged(
            word, [comparison for comparison in gated if comparison.verdict is word], len(gated), with_suite=with_suite
        )
        for word in (Verdict.UNDECIDED, Verdict.UNCHANGED, Verdict.NO_BASELINE)
    }
    said: list[str] = []
    for sentence in _flaky_once(verdict.sentences):
        instead = next((texts for word, texts in merged.items() if texts and is_about(sentence, word)), (sentence,))
        said += (text for text in instead if text not in said)
    return tuple(said)


def _flaky_once(sentences: Sequence[str]) -> Iterator[str]:
    """Yield the sentences, those of lines that fail at times on main too as one: nothing is to be done about them."""
    found = {sentence: match for sentence in sentences if (match := _FLAKY.fullmatch(sentence))}
    if len(found) < 2:  # noqa: PLR2004 - one is told as it is
        yield from sentences
        return
    number = sum(int(match["n"]) for match in found.values())
    expected = math.fsum(float(match["expected"]) for match in found.values())
    some = "a trial " if any(match["a_trial"] for match in found.values()) else ""
    merged = f"{number} checks failed {some}here that also fail at times on main (expected {expected:.1f})."
    for sentence in sentences:
        if sentence not in found:
            yield sentence
        elif sentence == next(iter(found)):
            yield merged


def is_about(sentence: str, word: Verdict) -> bool:
    """Whether the gate said this sentence of a comparison or a case with that verdict."""
    shown = "NOT COMPARABLE" if word is Verdict.INCOMPARABLE else word.upper()
    return sentence.startswith(f"{shown} ")


def _merged(word: Verdict, found: Sequence[Comparison], n_gated: int, *, with_suite: bool) -> tuple[str, ...]:
    if not found:
        return ()
    if word is Verdict.UNDECIDED:
        return (f"UNDECIDED {_undecided(found, n_gated, with_suite=with_suite)}",)
    if word is Verdict.NO_BASELINE:
        named = join(label(comparison, with_suite=with_suite) for comparison in found)
        return (f"NO BASELINE yet for {named}; `pytest --llmeval-baseline-update=new-only` on main adds it.",)
    return tuple(f"UNCHANGED {text}" for text in _unchanged(found, n_gated, with_suite=with_suite))


def _undecided(found: Sequence[Comparison], n_gated: int, *, with_suite: bool) -> str:
    """Say what could have shown, in the most and in the least sensitive comparison, and what fell the most."""
    if len(found) == 1:
        who, size = f"{label(found[0], with_suite=with_suite)} shows", _visible(found[0])
        power = "no drop of any size" if size > _WHOLE else f"only a drop of {size} points or more"
        power += " would have shown"
    else:
        who = f"{_every(n_gated)} show" if len(found) == n_gated else f"{len(found)} of {n_gated} metrics show"
        power = _power(found, with_suite=with_suite)
    return f"{who} no regression, but {power}.{_largest_fall(found, with_suite=with_suite)}"


def _power(found: Sequence[Comparison], *, with_suite: bool) -> str:
    ordered = sorted(found, key=_visible)
    first, last = _visible(ordered[0]), _visible(ordered[-1])
    near, far = (label(comparison, with_suite=with_suite) for comparison in (ordered[0], ordered[-1]))
    if first > _WHOLE:
        return "no drop of any size would have shown"
    if first == last:
        return f"only a drop of {first} points or more would have shown"
    most = f"none of any size in {far}" if last > _WHOLE else f"up to {last} in {far}"
    return f"only a drop this large would have shown: {first} points or more in {near}, {most}"


def _visible(comparison: Comparison) -> int:
    """Return the smallest drop that would have shown, in whole points, rounded up; above 100 where none would."""
    if comparison.mde is None or comparison.mde >= 1.0:
        return _WHOLE + 1
    return math.ceil(round(100 * comparison.mde, 6))


def _largest_fall(found: Sequence[Comparison], *, with_suite: bool) -> str:
    """Tell the largest fall, for nobody has proven that it is none."""
    fallen = max(found, key=lambda comparison: comparison.drop)
    if round(1000 * fallen.drop) <= 0:
        return ""
    size = points(fallen.drop)
    if len(found) == 1:
        return f" Its fall of {size} may be chance."
    return f" The largest fall, {size} in {label(fallen, with_suite=with_suite)}, may be chance."


def _unchanged(found: Sequence[Comparison], n_gated: int, *, with_suite: bool) -> list[str]:
    sampled = [comparison for comparison in found if comparison.n_compared]
    replayed = [comparison for comparison in found if not comparison.n_compared]
    said = []
    if sampled:
        named = _names(sampled, n_gated, with_suite=with_suite)
        # The margin that was asked for is not stored; the bound that was found is, and says more.
        bound = max(math.ceil(round(1000 * (comparison.high or 0.0), 6)) for comparison in sampled) / 1000
        said.append(f"any drop in {named} is at most {points(max(bound, 0.0))}.")
    if replayed:
        named = _names(replayed, n_gated, with_suite=with_suite)
        said.append(f"{named} (replayed: the baseline's own recordings; says nothing about the model).")
    return said


def _names(found: Sequence[Comparison], n_gated: int, *, with_suite: bool) -> str:
    if 1 < len(found) == n_gated:
        return _every(n_gated)
    return join(label(comparison, with_suite=with_suite) for comparison in found)


def _every(n_gated: int) -> str:
    return "both metrics" if n_gated == 2 else f"all {n_gated} metrics"  # noqa: PLR2004 - two are both
