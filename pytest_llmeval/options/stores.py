"""Where a store is that an option names, and which account of its ledger a run spends from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.errors import UsageError
from pytest_llmeval.store.postgres.address import SCHEMES, Address, address_of

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_ID = "LLMEVAL_RUN_ID"
"""Names the run of CI whose machines spend one budget, where no CI system that we know does."""

_SQLITE = "sqlite:///"
# What is the same on all machines of one run, and on those of no other.
_RUNS = (("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"), ("CI_SERVER_HOST", "CI_PIPELINE_ID"))


def kept_in(tenant: str) -> str:
    """Return where a tenant's sessions and working cache stand below the root; nobody's, where it is empty."""
    return f".llmeval/tenants/{tenant}" if tenant else ".llmeval"


def place_of(root: Path, said: str, tenant: str) -> Path | Address:
    """Return the file of ``sqlite:///PATH``, a tenant's own where there is one, or a database.

    Args:
        root: of the project, where a relative path starts.
        said: not empty.
        tenant: a name, or empty.

    Raises:
        UsageError: it is neither; what was said is not shown.
    """
    if said.partition(":")[0] in SCHEMES:
        return address_of(said, tenant)
    path = said.removeprefix(_SQLITE)
    if path == said or not path or path.endswith("/"):
        raise UsageError(
            "the store cannot be read (it is not shown here: it may hold a password)",
            found="it is neither sqlite:///PATH nor postgresql://USER@HOST/DATABASE",
            hint="leave it out for .llmeval/llmeval.db, or see docs/postgres.md",
        )
    file = root / path
    return file.with_name(f"{file.stem}.{tenant}{file.suffix}") if tenant else file


def run_of(environ: Mapping[str, str]) -> str:
    """Return what names this run of CI on all of its machines; empty where nothing does."""
    if environ.get(RUN_ID):
        return re.sub(r"\s+", "-", environ[RUN_ID].strip())
    for names in _RUNS:
        if all(environ.get(name) for name in names):
            return "/".join(environ[name] for name in names)
    return ""


def purse_of(account: str, place: Path | Address) -> str:
    """Write an account and where it is for another pytest that spends from it."""
    where = f"{place.url} {place.tenant}" if isinstance(place, Address) else str(place)
    return f"{account} {where}"


def opened_purse(purse: str, root: Path, place: Path | Address) -> tuple[Path | Address, str]:
    """Return where the account of a purse is, ``place`` where it does not say, and the account's name."""
    account, _, said = purse.partition(" ")
    if said.partition(":")[0] in SCHEMES:
        url, _, tenant = said.partition(" ")
        return address_of(url, tenant), account
    return (root / said if said else place), account
