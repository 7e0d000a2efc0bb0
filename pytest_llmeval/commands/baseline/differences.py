"""Lines of a baseline and of a session, side by side: which are meant, and how they differ."""

from __future__ import annotations

from fnmatch import fnmatchcase
from math import fsum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmeval.records import CaseId, CheckId, Line


class Difference(NamedTuple):
    """One line of both: what became of it, ``old`` in the baseline, ``new`` in the session."""

    word: str
    old: Line | None
    new: Line | None
    note: str = ""

    @property
    def line(self) -> Line:
        """The line that exists; the session's, where both do."""
        line = self.new or self.old
        assert line is not None  # noqa: S101 - a difference of nothing is never made
        return line


def matches(line: Line, pattern: str | None, nodeids: Mapping[CaseId, str]) -> bool:
    """Whether the pattern picks the line.

    Args:
        line: of a baseline or a session.
        pattern: of which ``*`` is any text and ``?`` any character; brackets are plain, since node ids are full of
            them. None picks every line.
        nodeids: pytest's ids of the cases, where they are known.
    """
    if pattern is None:
        return True
    case_id = line.id.case_id
    names = (str(line.id), str(case_id), *case_id, nodeids.get(case_id, ""), line.suite, line.id.metric)
    return any(fnmatchcase(name, pattern.replace("[", "[[]")) for name in names if name)


def differences(stored: Mapping[CheckId, Line], current: Sequence[Line], *, is_whole: bool) -> list[Difference]:
    """Pair every line of a baseline with the session's, sorted by id; lines that are equal say "same".

    Args:
        stored: the baseline's lines.
        current: the session's lines.
        is_whole: the session was to run every case and did, so that a line it lacks is gone; else it was not run.
    """
    found = [_difference(stored.get(line.id), line) for line in current]
    missing = stored.keys() - {line.id for line in current}
    word = "gone" if is_whole else "not run"
    found += [Difference(word, stored[id_], None) for id_ in missing]
    return sorted(found, key=lambda difference: difference.line.id)


def changes_between(now: Mapping[CheckId, Line], then: Mapping[CheckId, Line]) -> list[Difference]:
    """Say what becomes of each line where a baseline is set back, sorted by id; lines that are equal are left out.

    Args:
        now: the baseline's lines as they stand.
        then: as they are to stand.
    """
    found = []
    for id_ in sorted(now.keys() | then.keys()):
        old, new = now.get(id_), then.get(id_)
        if old == new:
            continue
        if old is None or new is None:
            found.append(Difference("removed" if new is None else "put back", old, new))
        else:
            found.append(_difference(old, new)._replace(word="restored"))
    return found


def _difference(old: Line | None, new: Line) -> Difference:
    if not new.draws:
        return Difference("unscored", old, new)
    if old is None:
        return Difference("new", old, new)
    if not new.is_comparable(old):
        return Difference("edited", old, new, _why_edited(old, new))
    notes = []
    if new.threshold != old.threshold:
        notes.append(f"threshold {threshold(old)} -> {threshold(new)}")
    if new.suite != old.suite:
        notes.append(f"suite {old.suite!r} -> {new.suite!r}")
    is_same = not notes and sorted(new.scores) == sorted(old.scores)
    return Difference("same" if is_same else "changed", old, new, ", ".join(notes))


def _why_edited(old: Line, new: Line) -> str:
    if new.metric_version != old.metric_version:
        return f"metric version {old.metric_version} -> {new.metric_version}"
    return "another input" if new.input_hash != old.input_hash else "another kind of check"


def mean(line: Line | None) -> float | None:
    """Return the mean of a line's scores in [0, 1], None where it has none."""
    return fsum(line.scores) / len(line.draws) if line and line.draws else None


def standing(line: Line | None) -> str:
    """Say a line's mean, and over how many draws."""
    value = mean(line)
    return "-" if value is None or line is None else f"{value:.3f} ({len(line.draws)})"


def threshold(line: Line) -> str:
    """Say a line's threshold."""
    return "-" if line.threshold is None else f"{line.threshold:g}"


def rows(found: Iterable[Difference]) -> list[tuple[str, ...]]:
    """Return a row for each difference, under ``columns``."""
    return [_row(difference) for difference in found]


def columns(old: str, new: str) -> tuple[str, ...]:
    """Return the heads of the columns, with what the two sides are called."""
    return ("", "suite", "case and metric", old, new, "change", "")


def _row(difference: Difference) -> tuple[str, ...]:
    old, new = mean(difference.old), mean(difference.new)
    change = "" if old is None or new is None or difference.word == "edited" else f"{new - old:+z.3f}"
    line = difference.line
    return (
        difference.word,
        line.suite or "-",
        str(line.id),
        standing(difference.old),
        standing(difference.new),
        change,
        difference.note,
    )
