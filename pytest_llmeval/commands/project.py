"""The user's project as pytest sees it: its root, and the ini keys of ours; read without importing pytest."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmeval.errors import UsageError
from pytest_llmeval.options.ini_file import SECTIONS, settings_in
from pytest_llmeval.options.stores import kept_in, place_of
from pytest_llmeval.options.table import OPTIONS
from pytest_llmeval.store.baseline_folder import NAMED, place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.records import Session
    from pytest_llmeval.store.postgres.address import Address

FOLDER = ".llmeval"


@dataclass(frozen=True, kw_only=True)
class Project:
    """Where a project's files are.

    Args:
        root: pytest's rootdir.
        config: the file pytest takes its settings from; None where there is none.
        section: the section of that file that holds them, with its brackets.
        values: what the section says, by name.
    """

    root: Path
    config: Path | None = None
    section: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def baseline(self, given: str | None) -> Path:
        """Return the baseline's folder: as given, else by environment, ini or default, as the plugin finds it.

        Args:
            given: a path from the current folder, or a name such as ``@release``.

        Raises:
            UsageError: a name that is no name of a folder.
        """
        if given and not given.startswith(NAMED):
            return Path(given)
        option = next(option for option in OPTIONS if option.name == "baseline")
        sources = (given, os.environ.get(option.variable), self.values.get(option.ini), option.default)
        return place(self.root, [str(said) for said in sources if said])

    @property
    def recordings(self) -> str:
        """Name of the folder of recordings beside each test module, as the plugin finds it; empty for none."""
        option = next(option for option in OPTIONS if option.name == "recordings")
        return str(os.environ.get(option.variable, self.values.get(option.ini, option.default)))

    @property
    def max_age(self) -> float | None:
        """Days after which a recording is stale, as the plugin finds it; None for never."""
        days: float | None = self.value("max_age")
        return days

    @property
    def retention(self) -> float | None:
        """Days for which a session is kept, as the plugin finds it; None for ever."""
        days: float | None = self.value("retention")
        return days

    def value(self, name: str) -> Any:  # noqa: ANN401 - each option has its own type
        """Return an option by environment, ini or default, as the plugin finds it.

        Raises:
            UsageError: a value that is not allowed.
        """
        option = next(option for option in OPTIONS if option.name == name)
        said = str(os.environ.get(option.variable, self.values.get(option.ini, option.default)))
        try:
            return option.parse(said)
        except ValueError as error:
            raise UsageError(f"{option.ini}={said!r} is not allowed", found=f"it takes {error}") from None

    @property
    def folder(self) -> Path:
        """Where sessions and the working cache stand, a tenant's apart; never in git."""
        tenant = self.value("tenant")
        return self.root / (kept_in(tenant) if tenant else FOLDER)

    @property
    def store(self) -> Path | Address:
        """Where the working cache is: a file of SQLite, or a team's database."""
        said = self.value("store")
        return place_of(self.root, said, self.value("tenant")) if said else self.folder / "llmeval.db"

    @property
    def database(self) -> Address | None:
        """The database of a team, where that is the store."""
        return None if isinstance(self.store, Path) else self.store

    def session_file(self, given: str | None) -> Path:
        """Return the session to read: as given, else the newest."""
        return Path(given) if given else self.folder / "session.jsonl"


def find(rootdir: str | None) -> Project:
    """Find the project.

    Args:
        rootdir: its root; by default the nearest folder, from the current one upwards, that configures pytest, else
            the current one.

    Raises:
        UsageError: the folder does not exist, or its configuration cannot be parsed.
    """
    if rootdir is not None and not Path(rootdir).is_dir():
        raise UsageError(f"--rootdir={rootdir!r} is not a folder")
    start = Path(rootdir or "").resolve()
    for folder in (start,) if rootdir else (start, *start.parents):
        for name, section in SECTIONS:
            values = _read(folder / name, section)
            if values is not None:
                return Project(root=folder, config=folder / name, section=section, values=values)
    return Project(root=start)


def _read(path: Path, section: str) -> Mapping[str, object] | None:
    """Return what the section says, None where there is no such section; a file of pytest's own needs none."""
    if not path.is_file():
        return None
    try:
        return settings_in(path.name, section, path.read_bytes())
    except ValueError as error:
        raise UsageError(f"{str(path)!r} cannot be parsed", found=" ".join(str(error).split())) from error


def refuse_shard(session: Session, what: str) -> None:
    """Refuse to take a part for the whole.

    Args:
        session: of which something is to be said to others.
        what: is to be said, and would look like a whole session's.

    Raises:
        UsageError: the session is a shard's.
    """
    if session.shard is not None:
        raise UsageError(
            f"session {session.id!r} is a part, and {what} is of a whole session",
            found=f"it is {session.shard}",
            hint="llmeval merge FILE..., with the files of all shards",
        )
