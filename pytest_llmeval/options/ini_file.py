"""The file that pytest takes its settings from: where they stand in it, read from its text.

For what pytest itself does not read: the file of another commit, and of a project whose tests are not run.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# In pytest's order of precedence; see "Initialization: determining rootdir and configfile" in its manual.
SECTIONS = (
    ("pytest.toml", "[pytest]"),
    (".pytest.toml", "[pytest]"),
    ("pytest.ini", "[pytest]"),
    (".pytest.ini", "[pytest]"),
    ("pyproject.toml", "[tool.pytest]"),
    ("pyproject.toml", "[tool.pytest.ini_options]"),
    ("tox.ini", "[pytest]"),
    ("setup.cfg", "[tool:pytest]"),
)


def settings_in(name: str, section: str, data: bytes) -> Mapping[str, object] | None:
    """Return what a section of a file says, None where there is no such section; a file of pytest's own needs none.

    Args:
        name: of the file, without its folder.
        section: with its brackets, as in ``SECTIONS``.
        data: the whole file.

    Raises:
        ValueError: the file cannot be parsed; the message says where.
    """
    text = data.decode("utf-8")
    found = _toml_table(text, section) if name.endswith(".toml") else _ini_section(name, text, section)
    return {} if found is None and name.lstrip(".").startswith("pytest.") else found


def as_text(value: object) -> str:
    """Return a setting as the ini would spell it: a list is one item a line, TOML's own types are words."""
    if isinstance(value, list):
        return "\n".join(map(as_text, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _toml_table(text: str, section: str) -> Mapping[str, object] | None:
    table: object = tomllib.loads(text)
    for name in section.strip("[]").split("."):
        table = table.get(name) if isinstance(table, dict) else None
    # [tool.pytest] also exists where only its child, the older form, is meant.
    return table if isinstance(table, dict) and table.keys() != {"ini_options"} else None


def _ini_section(name: str, text: str, section: str) -> Mapping[str, object] | None:
    from iniconfig import IniConfig, ParseError

    try:
        sections = IniConfig(name, data=text).sections
    except ParseError as error:
        raise ValueError(f"line {error.lineno + 1}: {error.msg}") from None
    found = sections.get(section.strip("[]"))
    return None if found is None else dict(found)
