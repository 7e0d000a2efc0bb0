"""SIGTERM stops a session as Ctrl-C does: what was scored is kept, the session is marked, the exit status is 2.

CI systems and Kubernetes send it when a job's time is up; by default Python dies of it at once, and writes nothing.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def obey_sigterm() -> Callable[[], None]:
    """Take SIGTERM for Ctrl-C, where nobody else has a use for it; return what undoes this."""
    is_ours = (
        threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if not is_ours:
        return lambda: None
    signal.signal(signal.SIGTERM, _interrupt)

    def disobey() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    return disobey


def _interrupt(signum: int, frame: Any) -> NoReturn:  # noqa: ANN401, ARG001 - the signature of a handler
    raise KeyboardInterrupt("SIGTERM")
