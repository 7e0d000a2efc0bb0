"""Every flag and ini key, declared once (``table``), and the frozen Settings that they become (``settings``).

Precedence: marker, command line, environment, ini. ``--llmeval-NAME``, ``LLMEVAL_NAME`` and ``llmeval_name`` are one
option; a few are without a flag, because they belong to the project and not to a run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = [
    "CACHE_FILE",
    "DEFAULT_FOLDER",
    "FIRST_TRIAL",
    "FOLDER",
    "LOOKS",
    "ONLY",
    "PURSE",
    "ROUNDS",
    "SESSIONS",
    "says_something",
]

DEFAULT_FOLDER = ".llmeval"
CACHE_FILE = "llmeval.db"
# Set by `llmeval compare --run` for the pytest that it starts: trials of a case after each planned round, by commas.
LOOKS = "_LLMEVAL_LOOKS"
# Set by `llmeval baseline extend` for the pytest that it starts; nobody else has a reason to.
FIRST_TRIAL = "_LLMEVAL_FIRST_TRIAL"
# Set by `llmeval gate check` and `llmeval cache refresh --drift`: their runs are kept apart, and the newest session
# stays the user's own.
FOLDER = "_LLMEVAL_FOLDER"
# Names the cases to run, in a pytest that we ourselves start; nobody else has a reason to set it.
ONLY = "_LLMEVAL_ONLY"
# Set by what starts several pytests that spend one budget: its name, and the ledger's path behind a blank.
PURSE = "_LLMEVAL_PURSE"
# Set by `llmeval run --until-decided`: rounds of each suite and metric, as JSON.
ROUNDS = "_LLMEVAL_ROUNDS"
# Set by `llmeval watch`: its sessions are kept apart, but it fills the project's own cache.
SESSIONS = "_LLMEVAL_SESSIONS"


def says_something(config: pytest.Config) -> bool:
    """Whether anybody may have set an option of ours, or asks for help; False: every option has its default.

    A suite without LLM tests is to pay nothing for options that nobody has set. So nothing is parsed here: command line
    and file of the settings are searched for our name only, which may also stand there for another reason.

    Args:
        config: pytest's, perhaps before it has read anything; where a file's place is not known yet, it may say a lot.
    """
    if any(_is_ours(str(argument)) for argument in config.invocation_params.args):
        return True
    if "llmeval" in os.environ.get("PYTEST_ADDOPTS", "") or "LLMEVAL_" in " ".join(os.environ):
        return True
    # In a worker of xdist they stand here; so do those that a program sets itself.
    option = vars(config.option)
    if any(option[name] is not None for name in option if "llmeval_" in name):
        return True
    if any("llmeval" in text for text in option.get("override_ini") or ()):
        return True
    try:
        path, root = config.inipath, config.rootpath
    except AttributeError:
        return True
    has_cache = os.path.exists(f"{root}/{DEFAULT_FOLDER}/{CACHE_FILE}")  # noqa: PTH110 - a path object takes longer
    return has_cache or (path is not None and b"llmeval" in path.read_bytes())


def _is_ours(argument: str) -> bool:
    # Behind "@" stands a file of arguments; "-vh" asks for help as well.
    asks_help = argument == "--help" or (argument[:1] == "-" != argument[1:2] and "h" in argument)
    return "llmeval" in argument or argument.startswith("@") or asks_help
