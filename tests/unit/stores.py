"""Stores as tests use them: opened here and in processes of their own, which claim, fill, reserve, and are killed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest_llmeval
from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.records import Request, Response

KEY, OTHER_KEY = "a" * 64, "f" * 64

_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(pytest_llmeval.__file__).parents[1])}
# Does what stands on each line of its input: "take KEY" or "back KEY", and answers every line.
_CLAIMING = """
_, claims, _ = opened(sys.argv[1])
for line in sys.stdin:
    verb, key = line.split()
    print(claims.take(key) if verb == "take" else claims.give_back(key), flush=True)
"""


class Engine:
    """A store, and how it is opened: SQLite's files in a folder.

    Args:
        place: the folder; whatever ``opening`` takes, in other processes as here.
    """

    opening = """
import sys
from pathlib import Path
from pytest_llmeval.store.claims import Claims
from pytest_llmeval.store.spend import SpendLedger
from pytest_llmeval.store.sqlite import SqliteCache

def opened(place, account="a"):
    folder = Path(place)
    return SqliteCache(folder / "llmeval.db"), Claims(folder / "claims"), SpendLedger(folder / "spend.db", account)
"""

    def __init__(self, place):
        self.place = place
        self._made = []

    def cache(self):
        """Open the cache."""
        return self._opened()[0]

    def claims(self):
        """Open the claims."""
        return self._opened()[1]

    def ledger(self, account="a"):
        """Open an account."""
        return self._opened(account)[2]

    def close(self):
        """Close whatever was opened in this process; its claims stay its own."""
        for cache, _, ledger in self._made:
            cache.close()
            ledger.close()

    def start(self, script, *args):
        """Start a script in a process of its own."""
        return subprocess.Popen(  # noqa: S603 - our own script
            [sys.executable, "-c", self.opening + script, self.place, *map(str, args)],
            env=_ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def another(self):
        """Another process that claims; ``say("take", key)`` returns what it answers."""
        with self.start(_CLAIMING) as process:

            def say(verb, key):
                process.stdin.write(f"{verb} {key}\n")
                process.stdin.flush()
                return process.stdout.readline().strip()

            try:
                yield process, say
            finally:
                process.kill()

    def damage(self):
        """Change the last byte of every answer, as no code of ours does."""
        with closing(sqlite3.connect(Path(self.place) / "llmeval.db")) as connection:
            connection.execute("UPDATE responses SET body = substr(body, 1, length(body) - 1) || 'x'")
            connection.commit()

    def soon(self, look):
        """Return what ``look`` returns once a dead process is known to be dead: here the kernel says so at once."""
        return look()

    def _opened(self, account="a"):
        names = {}
        exec(self.opening, names)  # noqa: S102 - the same here as in other processes
        self._made.append(names["opened"](self.place, account))
        return self._made[-1]


def in_child(act):
    """Return the truth of what a forked child finds; it ends at once, without pytest."""
    child = os.fork()
    if child == 0:  # no cover: another process
        try:
            os._exit(0 if act() else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    return {0: True, 1: False}[os.waitstatus_to_exitcode(status)]


def response(question="Hi", text="Hello", recorded_at="2026-01-01T00:00:00.000000Z"):
    """A live response, as the engine completes it."""
    request = Request(model="openai/a", messages=({"role": "user", "content": question},), trial=0)
    key = cache_key(request)
    return Response(text=text, request=request, recorded_at=recorded_at, key=key, origin=origin(key, text, recorded_at))
