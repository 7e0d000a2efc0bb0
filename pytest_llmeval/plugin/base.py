"""What a branch is compared with: the baseline of its base commit, and for a fork also the settings of that commit."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmeval.ending.base import Base, locate
from pytest_llmeval.errors import GitError, LlmevalError, UsageError
from pytest_llmeval.options import of_base
from pytest_llmeval.options.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.plugin.state import State

_SENT = (*of_base.GUARDED, "cache")


def meet(config: pytest.Config, state: State) -> None:
    """In the controller, before anything is read: find the base commit, where somebody names one.

    Raises:
        pytest.UsageError: it cannot be found or read; the message says what to fetch.
    """
    try:
        _meet(config, state)
    except LlmevalError as error:
        if state.is_asked or not state.is_fork:
            raise pytest.UsageError(f"llmeval: {error}") from None
        # A fork may have taken the gate out of its ini. Whether there is anything to judge shows only at the end.
        state.base_fault = str(error)


def _meet(config: pytest.Config, state: State) -> None:
    told = surroundings(os.environ, state.settings.base)
    # Where only the ini asks for it, a run without a gate, or without a base, simply has nothing to confirm.
    is_confirming = config.getoption("--llmeval-confirm", default=None) is not None and not told.is_fork
    if is_confirming and state.settings.gate == "off":
        raise UsageError("--llmeval-confirm has nothing to confirm", hint="--llmeval-gate=pr")
    if state.settings.gate == "off" and not told.is_fork:
        return
    if told.is_fork:
        state.is_fork = True
        # It asks no provider: a job without secrets has no key, and one with secrets lends them to no stranger.
        state.settings = state.settings._replace(cache="replay", confirm=False)
    located = locate(state.settings.root, told)
    if located is None:
        if is_confirming:
            from pytest_llmeval.store import git

            is_checkout = git.top(state.settings.root) is not None
            raise UsageError(
                "--llmeval-confirm has no base version to run",
                found="nobody names it" if is_checkout else f"{str(state.settings.root)!r} is no git checkout",
                hint="llmeval_base=origin/main in the ini, or LLMEVAL_BASE",
            )
        return
    commit, name = located
    if told.is_fork:
        state.settings = _of_fork(config, state.settings, commit)
    if state.settings.gate != "off":
        state.base = _base(state, commit, name, is_fork=told.is_fork)
        _ = state.base.held


def _base(state: State, commit: str, name: str, *, is_fork: bool) -> Base:
    return Base(commit, name, folder=state.settings.baseline, today=state.today, is_fork=is_fork)


def _of_fork(config: pytest.Config, settings: Settings, commit: str) -> Settings:
    """Return the settings that a fork is judged by."""
    from pytest_llmeval.store import git

    top = git.top(settings.root)
    if top is None:
        raise GitError(f"{str(settings.root)!r} is no git checkout")
    named = _relative(config.inipath, top) if getattr(config.option, "inifilename", None) else None
    root = _relative(settings.root, top) or PurePosixPath()
    files = {}
    for path in of_base.config_files(root, named):
        data = git.show(settings.root, commit, top / path)
        if data is not None:
            files[path] = data
    args = [str(arg) for arg in config.invocation_params.args]
    return of_base.judged_by_base(settings, files, args=args, environ=os.environ)


def _relative(path: Path | None, top: Path) -> PurePosixPath | None:
    if path is None:
        return None
    try:
        return PurePosixPath(path.resolve().relative_to(top.resolve()))
    except ValueError:
        raise UsageError(f"{str(path)!r} lies outside the checkout {str(top)!r}") from None


def sent(state: State) -> dict[str, Any]:  # Any: what execnet takes
    """Return what a worker must know of the base commit and of a fork's settings; plain values only."""
    base = state.base
    values: dict[str, Any] = {name: getattr(state.settings, name) for name in _SENT}
    values["baseline"] = str(values["baseline"])
    values["fail_under"] = [list(floor) for floor in values["fail_under"]]
    commit = (base.commit, base.name, base.is_fork) if base else None
    return {"settings": values, "base": list(commit) if commit else None}


def obey(state: State, told: Mapping[str, Any]) -> None:
    """In a worker: take over what the controller found."""
    values = dict(told["settings"])
    values["baseline"] = Path(values["baseline"])
    values["fail_under"] = tuple((metric, least) for metric, least in values["fail_under"])
    state.settings = state.settings._replace(**values)
    if told["base"]:
        commit, name, is_fork = told["base"]
        state.base = _base(state, commit, name, is_fork=is_fork)
