"""What each case was when it last ran whole: in this watch, else in a session that is kept."""

from __future__ import annotations

from heapq import merge
from typing import TYPE_CHECKING

from pytest_llmeval.gather.dependencies import Key
from pytest_llmeval.gather.earlier import newest_first
from pytest_llmeval.gather.forecast import Asked, Known, ran_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pytest_llmeval.records import CaseResult, Session


class Before:
    """The last result of every case that a provider, or a missing answer, did not cut short.

    Args:
        folders: where sessions are kept.

    Attributes:
        known: by case; what was cut short stands in nobody's place.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.known: dict[Key, Known] = {}
        self._folders = folders
        self._ours: set[str] = set()
        self._looked_for: set[Key] = set()

    def look_back(self, session: Session) -> None:
        """Look for the cases of a session of ours in those that others have left, for each of them once."""
        self._ours.add(session.id)
        missing = {key_of(result) for result in session.results} - self.known.keys() - self._looked_for
        self._looked_for |= missing
        if not missing:
            return
        # Each folder is read only as far back as is needed.
        every = merge(*map(newest_first, self._folders), key=lambda one: one.id, reverse=True)
        for earlier in every:
            if earlier.id not in self._ours:
                self._take(earlier, (result for result in earlier.results if key_of(result) in missing))
                missing -= self.known.keys()
            if not missing:
                return

    def replace(self, session: Session) -> list[tuple[CaseResult, CaseResult]]:
        """Take a session of ours for what the next one is compared with; return the pairs of old and new."""
        pairs = [
            (self.known[key_of(result)].result, result)
            for result in session.results
            if ran_whole(result) and key_of(result) in self.known
        ]
        self._take(session, session.results)
        return pairs

    def _take(self, session: Session, results: Iterable[CaseResult]) -> None:
        asked = asked_by(session)
        for result in results:
            if ran_whole(result):
                self.known[key_of(result)] = Known(result=result, default=asked, session=session.id)


def key_of(result: CaseResult) -> Key:
    """Return who a result is of."""
    return Key(*result.id, result.arm)


def asked_by(session: Session) -> Asked:
    """Return whom a session asked where nothing else was said."""
    return Asked(str(session.settings.get("model", "")), str(session.settings.get("api_base", "")))
