"""The loop: a change → the cases it may have changed → replayed → what is missing, at what price → asked → compared."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pytest_llmeval.commands import project
from pytest_llmeval.commands.output import inert, say
from pytest_llmeval.commands.watch import child
from pytest_llmeval.commands.watch.affected import Knowledge, affected, said
from pytest_llmeval.commands.watch.before import Before, key_of
from pytest_llmeval.commands.watch.moved import moved, say_moved
from pytest_llmeval.commands.watch.price import Price, price, spent
from pytest_llmeval.commands.watch.tree import Tree
from pytest_llmeval.commands.watch.waiting import Keyboard, wait
from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports.plan_text import cost
from pytest_llmeval.exports.wording import count, join
from pytest_llmeval.gather.dependencies import Wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_llmeval.commands.watch.tree import Signature

_CACHE = "--llmeval-cache"
_NO_TESTS = 5
_SIGNAL = 128  # and its number: how shells tell that a program was stopped


@dataclass
class Consent:
    """What may be spent.

    Args:
        is_given: everything, unasked.
        most_usd: so many US dollars in all; None for nothing unasked.
        spent_usd: so far.
    """

    is_given: bool = False
    most_usd: float | None = None
    spent_usd: float = 0.0

    def covers(self, needed: Price) -> bool:
        """Whether it may be spent without a question."""
        if self.is_given:
            return True
        return (
            self.most_usd is not None
            and needed.most_usd is not None
            and self.spent_usd + needed.most_usd <= self.most_usd
        )


class Watcher:
    """One ``llmeval watch``.

    Args:
        rootdir: as it was given.
        arguments: of pytest.
        consent: what may be spent.
        is_once: do not wait for changes.
    """

    def __init__(self, rootdir: str | None, arguments: Sequence[str], consent: Consent, *, is_once: bool) -> None:
        self._rootdir = rootdir
        self._found = project.find(rootdir)
        self._arguments = arguments
        self._consent = consent
        if (flag := self._flag()) in ("refresh", "live"):
            raise UsageError(
                f"{_CACHE}={flag} is not for llmeval watch",
                found="it replays what is recorded, and asks for the rest",
                hint="llmeval cache refresh --drift asks everything again",
            )
        self._is_once = is_once
        self._keyboard = Keyboard()
        self._tree = Tree(self._found.root, self._found.recordings)
        self._known = Knowledge()
        self._before = Before((self._found.folder, self._found.folder / child.KEPT_IN))

    def watch(self) -> int:
        """Run everything, then what changes touch, until Ctrl-C; return the exit status."""
        then = self._tree.look()
        say("replaying what is recorded")
        try:
            ran = self._run(Wanted())
            self._tree.learn(self._known.files | {self._config}, then)
            while not (self._is_once or ran.signal):
                say("", "waiting for a change (Enter: run everything, Ctrl-C: end)")
                then, ran = self._next(then)
        except KeyboardInterrupt:
            say("")
            return 0
        return _SIGNAL + ran.signal if ran.signal else ran.status

    def _next(self, then: Mapping[str, Signature]) -> tuple[Mapping[str, Signature], child.Ran]:
        """Wait for a change that matters, and run what it asks for; return the files as they were when it began."""
        now, is_asked_for = wait(self._tree, then, self._keyboard, lambda changed: self._wanted(changed) is not None)
        changed = self._tree.changed(then, now)
        wanted = Wanted() if is_asked_for else self._wanted(changed) or Wanted()
        say("", "running every case" if is_asked_for else inert(said(wanted, changed, self._known)))
        with suppress(UsageError):  # half-written settings: pytest itself says so
            self._found = project.find(self._rootdir)
        ran = self._run(wanted)
        self._tree.learn(self._known.files | {self._config}, now)
        return now, ran

    @property
    def _config(self) -> str:
        return os.path.relpath(self._found.config, self._found.root) if self._found.config else ""

    def _wanted(self, changed: Collection[str]) -> Wanted | None:
        gone = {path for path in changed if not (self._found.root / path).exists()}
        return affected(changed, self._known, config=self._config, gone=gone) if changed else None

    def _run(self, wanted: Wanted) -> child.Ran:
        """Replay; then, where something is not recorded and may be asked, ask."""
        ran = child.run(self._found, self._arguments, wanted, cache="replay", is_quiet=True)
        missed: set[str] = set()
        is_asked = False
        if ran.session is not None and not ran.signal:
            self._before.look_back(ran.session)
            missed = {result.nodeid for result in ran.session.results if result.has_miss}
            is_asked = bool(missed) and self._may_ask(price(ran.session, self._before.known))
        if is_asked:
            self._learn(wanted, ran)
            ran = child.run(self._found, self._arguments, wanted, cache="auto", is_quiet=False)
            self._consent.spent_usd += spent(ran.session) if ran.session is not None else 0.0
        elif ran.status == _NO_TESTS and wanted.selected is not None:
            say("there is none; nothing was run")
        elif missed and ran.told.failed <= missed and not ran.told.broken:
            say(f"not asked, and not run to their end: {inert(join(sorted(missed)), limit=1_000)}")
        else:
            # As pytest wrote it, with its colours.
            sys.stdout.write(ran.output)
        self._learn(wanted, ran)
        if ran.session is not None:
            self._before.look_back(ran.session)
            say_moved(moved(self._before.replace(ran.session)))
        return ran

    def _may_ask(self, needed: Price) -> bool:
        """Say what is missing and at what price, and ask for leave to spend it."""
        have = "1 case asks what is" if needed.n_cases == 1 else f"{needed.n_cases} cases ask what is"
        least = "at least " if needed.is_least else ""
        sentence = f"{have} not recorded: {least}{count(needed.found.n_live, 'call')}, {cost(needed.found)}"
        if self._mode() == "replay":
            say(f"{sentence}; nobody may be asked (replay)")
            return False
        if self._consent.covers(needed):
            say(sentence)
            return True
        if self._consent.most_usd is not None:
            sentence += f" (${self._consent.spent_usd:.4f} of ${self._consent.most_usd:g} is spent)"
        if not self._keyboard.is_terminal:
            say(f"{sentence}; nobody is asked: say --yes, or --max-usd")
            return False
        self._keyboard.forget()
        say(f"{sentence}. Ask? [y/N]")
        return (self._keyboard.line(-1) or "").lower() in ("y", "yes")

    def _flag(self) -> str:
        """Return where answers may come from by the arguments of pytest, of which the last one counts."""
        words = [*self._arguments, ""]
        flags = [word.partition("=")[2] or after for word, after in pairwise(words) if word.partition("=")[0] == _CACHE]
        return flags[-1] if flags else ""

    def _mode(self) -> str:
        """Return where answers may come from, as the plug-in weighs it: the flag, the environment, the ini."""
        told = [self._flag(), os.environ.get("LLMEVAL_CACHE"), self._found.values.get("llmeval_cache")]
        has_key = any(name.endswith("_API_KEY") and value for name, value in os.environ.items())
        by_default = "replay" if os.environ.get("CI") and not has_key else "auto"
        return str(next(filter(None, told), by_default))

    def _learn(self, wanted: Wanted, ran: child.Ran) -> None:
        results = ran.session.results if ran.session is not None else ()
        self._known.learn(wanted, ran.told, {key_of(result) for result in results if result.outcome == "passed"})
