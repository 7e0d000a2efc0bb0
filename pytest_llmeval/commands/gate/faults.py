"""A planted fault as a person types it: as in a shell, assignments to the environment and then arguments of pytest."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmeval.calls.guard import is_secret, masked
from pytest_llmeval.commands.parser import Parser
from pytest_llmeval.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_FLAG = "--fault"


class Fault(NamedTuple):
    """What a run of the suite is given, so that it is worse.

    Args:
        name: as it was typed, without a key.
        environment: variables to set.
        arguments: of pytest.
    """

    name: str
    environment: Mapping[str, str]
    arguments: Sequence[str]

    @property
    def moves_endpoint(self) -> bool:
        """Whether it may ask another endpoint than the suite does."""
        return any(name.endswith(("API_BASE", "BASE_URL")) for name in self.environment)


class FaultParser(Parser):
    """Takes ``--fault --llmeval-model=weaker`` as well, where argparse would look for a value without a dash."""

    # Any: argparse's own types, which are a typing matter of their own.
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:  # noqa: ANN401
        """Parse as argparse does, the word after ``--fault`` being its value whatever it begins with."""
        return super().parse_known_args(None if args is None else _joined(args), namespace)


def _joined(args: Sequence[str]) -> list[str]:
    joined: list[str] = []
    for place, arg in enumerate(args):
        if arg == "--":
            return [*joined, *args[place:]]
        if joined and joined[-1] == _FLAG:
            joined[-1] = f"{_FLAG}={arg}"
        else:
            joined.append(arg)
    return joined


def parse_fault(said: str) -> Fault:
    """Read a fault.

    Raises:
        UsageError: it is empty, or a word of it is neither.
    """
    try:
        words = shlex.split(said)
    except ValueError as error:
        raise UsageError(f"--fault={said!r} cannot be read", found=str(error), hint=_hint()) from None
    environment: dict[str, str] = {}
    while words and (found := _ASSIGNMENT.fullmatch(words[0])):
        environment[found[1]] = found[2]
        words = words[1:]
    if not environment and not words:
        raise UsageError(f"--fault={said!r} plants nothing", hint=_hint())
    if words and not words[0].startswith("-"):
        raise UsageError(
            f"--fault={said!r} cannot be read",
            found=f"{words[0]!r} is neither NAME=value nor an argument that begins with a dash",
            hint=_hint(),
        )
    shown = [f"{name}={'***' if is_secret(name) else value}" for name, value in environment.items()]
    return Fault(masked(" ".join([*shown, *words])), environment, words)


def _hint() -> str:
    return (
        """--fault "SUPPORT_PROMPT=prompts/worse.md", --fault "--llmeval-model=weaker", or both in one; quote blanks"""
    )
