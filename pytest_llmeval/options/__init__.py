"""Every flag and ini key, declared once (``table``), and the frozen Settings that they become (``settings``).

Precedence: marker, command line, environment, ini. ``--llmeval-NAME``, ``LLMEVAL_NAME`` and ``llmeval_name`` are one
option; a few are without a flag, because they belong to the project and not to a run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

__all__ = [
    "CACHE_FILE",
    "DEFAULT_FOLDER",
    "FIRST_TRIAL",
    "FOLDER",
    "LOOKS",
    "ONLY",
    "PULL_REQUEST_SIGNS",
    "PURSE",
    "ROUNDS",
    "SESSIONS",
    "is_fork",
    "is_in_files",
    "is_named",
    "is_set",
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


# One of them is set in every pull request of GitHub and GitLab. Others have LLMEVAL_FORK, a name like any option's.
PULL_REQUEST_SIGNS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")


# A suite without LLM tests is to pay nothing for options that nobody has set. So nothing is parsed here: what may hold
# an option is searched for our name only, which may also stand there for another reason.


def is_named(arguments: Iterable[object]) -> bool:
    """Whether one of the arguments of a command line may be a flag of ours, or asks for help."""
    return any(map(_is_ours, map(str, arguments)))


def _is_ours(argument: str) -> bool:
    # Behind "@" stands a file of arguments; "-vh" asks for help as well.
    asks_help = argument == "--help" or (argument[:1] == "-" != argument[1:2] and "h" in argument)
    return "llmeval" in argument or argument.startswith("@") or asks_help


def is_set(config: pytest.Config) -> bool:
    """Whether environment, or whoever wrote to ``config.option``, may have set an option of ours by now."""
    if "LLMEVAL_" in " ".join(os.environ):
        return True
    # In a worker of xdist the controller's command line stands here.
    option = vars(config.option)
    has_value = any(option[name] is not None for name in option if "llmeval_" in name)
    return has_value or any("llmeval" in text for text in option.get("override_ini") or ())


def is_in_files(config: pytest.Config) -> bool:
    """Whether the project's settings may hold an option of ours, or a run of ours has left something to replay.

    True where nobody knows yet which files those are.
    """
    try:
        path, root = config.inipath, config.rootpath
    except AttributeError:
        return True
    has_cache = (root / DEFAULT_FOLDER / CACHE_FILE).exists()
    return has_cache or (path is not None and b"llmeval" in path.read_bytes())


def is_fork() -> bool:
    """Whether this is a pull request of a fork, which is judged by the settings of its base, whatever its own say."""
    if not any(os.environ.get(sign) for sign in PULL_REQUEST_SIGNS):
        return False
    from pytest_llmeval.options.surroundings import surroundings

    return surroundings(os.environ, "").is_fork
