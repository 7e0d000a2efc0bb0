"""JSON: a list of objects, or an object with one list of them. Each row is known by its first line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecodeError
from pathlib import Path

from pytest_llmeval.datasets.formats.documents import LISTS, completed, defaults, one_list
from pytest_llmeval.datasets.formats.strict import BOM_UTF8, DECODER, decoded, reason
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records import Json

_SPACE = re.compile(r"[ \t\n\r]*")


def read(path: Path, shown: str) -> Iterator[tuple[int, Json]]:
    """Yield the rows, each with the number of its first line."""
    text = decoded(path.read_bytes().removeprefix(BOM_UTF8), shown)
    scan = _Scan(text, shown)
    if scan.peek() == "[":
        yield from scan.items()
    elif scan.peek() == "{":
        lists: dict[str, list[tuple[int, Json]]] = {}
        others: dict[str, Json] = {}
        for name in scan.members():
            if name in LISTS and scan.peek() == "[":
                lists[name] = list(scan.items())
            else:
                others[name] = scan.value()
        rows = lists[one_list(shown, lists)]
        variables = defaults(shown, others)
        for line, row in rows:
            yield line, completed(row, variables)
    else:
        raise scan.error("no list and no object")
    if scan.peek():
        raise scan.error("more behind its end", hint="a file with one object a line is named .jsonl")


class _Scan:
    """Walks through the outer two levels of a text; what stands in them is read by the standard library."""

    def __init__(self, text: str, shown: str) -> None:
        self._text, self._shown = text, shown
        self._at = 0
        self._line, self._counted = 1, 0

    def peek(self) -> str:
        """Return the next character that is no white space, empty at the end."""
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def value(self) -> Json:
        """Read the next value."""
        self.peek()
        try:
            found, self._at = DECODER.raw_decode(self._text, self._at)
        except JSONDecodeError as error:
            self._at = error.pos
            raise self.error(reason(error)) from None
        except (ValueError, RecursionError) as error:
            raise self.error(reason(error)) from None
        return found

    def items(self) -> Iterator[tuple[int, Json]]:
        """Read a list; each item has the number of its first line."""
        for _ in self._parts("[", "]"):
            line = self._line_here()
            yield line, self.value()

    def members(self) -> Iterator[str]:
        """Read an object: each name, behind which the caller reads the value."""
        seen = set()
        for _ in self._parts("{", "}"):
            if self.peek() != '"':
                raise self.error("no name of a field in quotes")
            name = self.value()
            if name in seen:
                raise self.error(f"the key {name!r} twice in one object")
            seen.add(name)
            self._take(":")
            yield name

    def error(self, found: str, hint: str = "it holds a list of objects") -> UsageError:
        """Return the error that names this place."""
        column = self._at - self._text.rfind("\n", 0, self._at)
        return UsageError(
            f"{self._shown}:{self._line_here()} is not JSON", found=f"{found} at column {column}", hint=hint
        )

    def _parts(self, first: str, last: str) -> Iterator[None]:
        self._take(first)
        if self.peek() == last:
            self._at += 1
            return
        while True:
            self.peek()
            yield
            if self.peek() != ",":
                break
            self._at += 1
        self._take(last)

    def _take(self, char: str) -> None:
        if self.peek() != char:
            raise self.error(f"no {char!r}")
        self._at += 1

    def _line_here(self) -> int:
        # An error may lie before what has been counted: a key twice is found behind the object that holds it.
        if self._at < self._counted:
            return self._text.count("\n", 0, self._at) + 1
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line
