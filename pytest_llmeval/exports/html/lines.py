"""Case → a row for each of its checks over all trials: mean, baseline, threshold, a strip of spikes, and the reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmeval.exports.html import drawings
from pytest_llmeval.exports.html.visible import one_line
from pytest_llmeval.records import Verdict
from pytest_llmeval.records.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.exports.beside import Beside
    from pytest_llmeval.records import CaseVerdict, CheckId, Line, Place, Tally

_LONGEST_REASON, _SHORT_REASON, _LONGEST_SOURCE, _LONGEST_NAME = 400, 160, 160, 100
_FRAME, _REACHED_FRAME, _STRIP_FRAME = 150, 25, 155  # bytes of markup around a row's words and its picture's paths
GOOD, BAD, OPEN = "good", "bad", "open"
"""Tones of what is shown; a word or a sign always says the same."""
TONES = {Verdict.REGRESSED: BAD, Verdict.IMPROVED: GOOD, Verdict.UNCHANGED: GOOD}


@dataclass(frozen=True, kw_only=True)
class LineView:
    """One check over all trials of its case, in words.

    Args:
        metric: its name, with its place among equals.
        mean, before: of this session and of the baseline, in [0, 1]; None where there is none.
        change: ``mean`` minus ``before`` where the two can be compared.
        terms: the threshold and what else is asked.
        reached: how many trials reach it.
        is_below: whether they do not do so often enough.
        verdict: the gate's word on this very line, or why it is not compared.
        spikes, spikes_before: paths of the trials' scores, here and on the baseline.
        mark: where the threshold lies in the strip.
        told: the strip in words, where somebody should look at it.
        has_strip: whether a picture says more than the means do.
        reason: of the trial that scored lowest.
        unscored: how many trials have no score beside those that have, and why.
        place: the user's line, where somebody has to go there.
    """

    id: CheckId
    metric: str
    mean: float | None
    before: float | None = None
    change: float | None = None
    terms: str = ""
    reached: str = ""
    is_below: bool = False
    verdict: str = ""
    tone: str = ""
    spikes: str = ""
    spikes_before: str = ""
    mark: str = ""
    told: str = ""
    has_strip: bool = False
    reason: str = ""
    unscored: str = ""
    place: str = ""

    @property
    def n_bytes(self) -> int:
        """About what the row takes in the page, without its picture."""
        reached = len(self.reached) + _REACHED_FRAME if self.reached else 0
        return _FRAME + len(self.metric) + len(self.reason) + len(self.place) + len(self.unscored) + reached

    @property
    def n_bytes_of_strip(self) -> int:
        """About what its picture takes."""
        return _STRIP_FRAME + len(self.spikes) + len(self.spikes_before) + len(self.told) if self.has_strip else 0


def line_view(found: Tally, beside: Beside, compared: Mapping[CheckId, CaseVerdict], input_hash: str) -> LineView:
    """Return the row of one check."""
    check = found.worst
    line = beside.lines.get(found.id)
    said = compared.get(found.id)
    before = _mean(line)
    is_same = line is not None and line.input_hash == input_hash and line.metric_version == check.score.version
    change = found.mean - before if is_same and found.mean is not None and before is not None else None
    verdict, tone = (said.verdict.value, TONES.get(said.verdict, OPEN)) if said else ("", "")
    if line is not None and not is_same:
        verdict, tone = "edited", OPEN
    n_scored, threshold, place = len(found.scores), check.threshold, check.place
    is_notable = found.is_below or found.mean is None or (said is not None and said.verdict is not Verdict.UNDECIDED)
    return LineView(
        id=found.id,
        metric=one_line(found.id.metric, limit=_LONGEST_NAME) + (f" #{found.id.nth + 1}" if found.id.nth else ""),
        mean=found.mean,
        before=before,
        change=change,
        terms=_terms(found),
        reached=f"{found.n_reached} of {n_scored}" if threshold is not None and n_scored > 1 else "",
        is_below=found.is_below,
        verdict=verdict,
        tone=tone,
        spikes=drawings.spikes(found.scores, -1),
        spikes_before=drawings.spikes(line.scores, 1) if line is not None else "",
        mark="" if threshold is None else drawings.at(threshold),
        told=_told(found, line) if is_notable else "",
        has_strip=n_scored > 1 or (line is not None and len(line.draws) > 1),
        reason=one_line(check.score.reason, limit=_LONGEST_REASON if is_notable else _SHORT_REASON),
        unscored=_unscored(found),
        place=_where(place) if place.path and is_notable else "",
    )


def _unscored(found: Tally) -> str:
    without = [check.score.reason for check in found.checks if check.value is None]
    if not without or not found.scores:
        return ""
    return f"{len(without)} of {len(found.checks)} unscored: {one_line(without[0], limit=_SHORT_REASON)}"


def _where(place: Place) -> str:
    path, source = (one_line(text, limit=_LONGEST_SOURCE) for text in (place.path, place.source))
    return f"{path}:{place.line}  {source}"


def _mean(line: Line | None) -> float | None:
    return math.fsum(line.scores) / len(line.draws) if line is not None and line.draws else None


def _terms(found: Tally) -> str:
    check = found.worst
    if check.threshold is None:
        return "records only"
    said = f"{check.threshold:g}"
    said += "" if check.require is None else f", by {check.require:.0%} of the trials"
    return said + (", always fails" if check.is_hard else "")


def _told(found: Tally, line: Line | None) -> str:
    scores = ", ".join(f"{score:.2f}" for score in sorted(found.scores)) or "none"
    before = (
        "" if line is None or not line.draws else "; baseline " + ", ".join(f"{s:.2f}" for s in sorted(line.scores))
    )
    return f"scores {scores}{before}"
