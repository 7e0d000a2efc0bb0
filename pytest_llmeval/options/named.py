"""What an option names and somebody has to look up: variants, prices, a named baseline, whose money is spent."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pytest_llmeval.calls.guard import masked
from pytest_llmeval.errors import UsageError
from pytest_llmeval.options import PURSE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.records import Variant
    from pytest_llmeval.store.postgres.address import Address


class Source(Protocol):
    """Where options come from: pytest's configuration is this."""

    @property
    def rootpath(self) -> Path:
        """Where relative paths start."""

    def getoption(self, name: str, /, default: Any) -> Any:  # noqa: ANN401 - as pytest has it
        """Return what the command line says for a flag, else the default."""

    def getini(self, name: str, /) -> Any:  # noqa: ANN401 - as pytest has it
        """Return what the ini file says; None where it says nothing."""


def variants(root: Path, models: Sequence[str], declared: Sequence[Mapping[str, object]]) -> tuple[Variant, ...]:
    """Return the matrix of declared variants and models.

    Raises:
        pytest.UsageError: it cannot be made.
    """
    from pytest_llmeval.options.variants import matrix

    try:
        return matrix(declared, models, folder=root, root=root)
    except UsageError as error:
        raise pytest.UsageError(f"llmeval: {masked(str(error))}") from None


def prices(root: Path, lines: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """Return the user's own prices.

    Raises:
        pytest.UsageError: a line, or a file that it names, cannot be read.
    """
    from pytest_llmeval.options.prices import read

    try:
        return read(lines, root)
    except UsageError as error:
        raise pytest.UsageError(f"llmeval: {error}") from None


def purse(config: Source, store: str) -> str:
    """Return whose money is spent: a worker's is its controller's; that of nobody else, or it is a new one."""
    said = getattr(config, "workerinput", {}).get(PURSE) or os.environ.get(PURSE)
    return str(said) if said else account(os.environ, store)


def account(environ: Mapping[str, str], store: str) -> str:
    """Return the name of a new account: in a team's database the one of this run of CI, which its machines share."""
    from pytest_llmeval.options.stores import run_of

    return (run_of(environ) if store.startswith("postgres") else "") or secrets.token_hex(8)


def ledger(purse: str, root: Path, database: Address | None, folder: Path) -> tuple[Path | Address, str]:
    """Return where an account is, and its name: as its purse says, else in the database, else in the folder."""
    from pytest_llmeval.options.stores import opened_purse

    return opened_purse(purse, root, database or folder / "spend.db")


def kept_in(tenant: str) -> str:
    """Return where a tenant's sessions and working cache stand below the root."""
    from pytest_llmeval.options.stores import kept_in

    return kept_in(tenant)


def store(root: Path, said: str, tenant: str) -> Path | Address:
    """Return the store that is named.

    Raises:
        pytest.UsageError: it is none; what was said is not shown, since it may hold a password.
    """
    from pytest_llmeval.options.stores import place_of

    try:
        return place_of(root, said, tenant)
    except UsageError as error:
        raise pytest.UsageError(f"llmeval: {error}") from None


def baseline(config: Source, said: str) -> Path:
    """Return the folder of a baseline that is named, as ``@release``.

    Raises:
        pytest.UsageError: there is none of that name.
    """
    from pytest_llmeval.store.baseline_folder import place

    try:
        weaker = (os.environ.get("LLMEVAL_BASELINE"), config.getini("llmeval_baseline"), "baselines")
        return place(config.rootpath, [said, *filter(None, weaker)])
    except UsageError as error:
        raise pytest.UsageError(f"llmeval: {error}") from None
