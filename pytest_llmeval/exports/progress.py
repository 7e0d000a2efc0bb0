"""One live line while answers are waited for: how many are in flight, landed, replayed, and what was spent.

In: plain counts. Out: text behind the cursor of a terminal, which goes back to where it was, so that whatever is
printed next is printed as if the line had never been there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmeval.records import Provenance

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmeval.records import CaseResult

_LEAST_ROOM = 12
_BACK, _ERASE = "\x1b[{}D", "\x1b[K"


@dataclass
class Progress:
    """What has landed so far.

    Args:
        n_landed: tests whose checks have landed.
        n_replayed: answers that were stored.
        n_bought: answers that were asked for.
        cost_usd: what the bought ones cost, as far as their price is known.
    """

    n_landed: int = 0
    n_replayed: int = 0
    n_bought: int = 0
    cost_usd: float = 0.0

    def note(self, result: CaseResult) -> None:
        """Count a result."""
        self.n_landed += 1
        for trial in result.trials:
            for call in (*trial.calls, *trial.judge_calls):
                is_replayed = call.provenance is Provenance.REPLAYED
                self.n_replayed += is_replayed
                self.n_bought += not is_replayed
                self.cost_usd += 0.0 if is_replayed else call.cost_usd or 0.0

    def text(self, in_flight: str) -> str:
        """Return the line; ``in_flight`` says how many of what."""
        parts = [in_flight, f"{self.n_landed} landed"]
        if self.n_replayed:
            parts.append(f"{self.n_replayed} replayed")
        if self.cost_usd:
            parts.append(f"${self.cost_usd:.4f} spent")
        return ", ".join(parts)


class LiveLine:
    """Writes and erases the line.

    Args:
        write: to the terminal, at once.
        room: returns how many columns are left behind the cursor.
    """

    def __init__(self, write: Callable[[str], object], room: Callable[[], int]) -> None:
        self._write = write
        self._room = room
        self._is_drawn = False

    def draw(self, text: str) -> None:
        """Show a text behind the cursor, cut to the room there; nothing where there is hardly any."""
        shown = f"  {text}"[: max(0, self._room() - 1)]
        self.erase()
        if len(shown) >= _LEAST_ROOM:
            self._write(shown + _BACK.format(len(shown)))
            self._is_drawn = True

    def erase(self) -> None:
        """Take the text away, if there is one."""
        if self._is_drawn:
            self._write(_ERASE)
            self._is_drawn = False
