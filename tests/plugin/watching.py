"""A ``llmeval watch`` in a process of its own, heard line by line."""

from __future__ import annotations

import os
import pty
import queue
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

_HANGS_S = 120
WAITS = "waiting for a change"


class Watch:
    """A running watch.

    Attributes:
        heard: every line it printed.
    """

    def __init__(self, process, keyboard):
        self.process = process
        self.heard = []
        self._keyboard = keyboard
        self._lines = queue.Queue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def until(self, text=WAITS):
        """Return what it prints up to the line that holds the text, as one text."""
        block = []
        while True:
            line = self._lines.get(timeout=_HANGS_S)
            assert line is not None, "\n".join(self.heard)
            self.heard.append(line)
            block.append(line)
            if text in line:
                return "\n".join(block)

    def type(self, text):
        """Type a line."""
        os.write(self._keyboard, f"{text}\n".encode())

    def close(self):
        """End it, if it has not ended, and whatever it has left."""
        self.process.terminate()
        self.process.wait(_HANGS_S)
        self._listener.join(_HANGS_S)
        self.process.stdout.close()

    def stop(self, number=signal.SIGINT):
        """Send a signal to this one process; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(_HANGS_S)


@contextmanager
def watch(project, *args, is_typed=False):
    """Run ``llmeval watch`` in the project; with a terminal to type on, or with none."""
    ours, theirs = pty.openpty() if is_typed else (None, None)
    command = [sys.executable, "-P", "-c", "import sys; from pytest_llmeval.commands import main; sys.exit(main())"]
    process = subprocess.Popen(  # noqa: S603 - ourselves
        [*command, "watch", *args],
        cwd=project.path,
        stdin=theirs if is_typed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Watch(process, ours)
    try:
        yield running
    finally:
        running.close()
        for end in filter(None, (ours, theirs)):
            os.close(end)
