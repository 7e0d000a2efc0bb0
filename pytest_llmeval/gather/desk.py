"""What a user's metric may use while it judges: a judge, and the loop between the calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

    from pytest_llmeval.calls.judge import Judge
    from pytest_llmeval.gather.recorder import Recorder


class Desk(NamedTuple):
    """What a user's metric may use.

    Args:
        judge: returns a client of the judge model, whose calls the recorder keeps.
        spawn: runs a coroutine between the calls, on their thread.
    """

    judge: Callable[[Recorder], Judge]
    spawn: Callable[[Coroutine[Any, Any, Any]], Future[Any]]
