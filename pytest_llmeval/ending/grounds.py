"""What a session is judged by: its settings, and the baseline that they lead to."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmeval.ending.base import Base
    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.records import Baseline


class Grounds(Protocol):
    """The controller's state is this, and so is ``Ground``."""

    @property
    def settings(self) -> Settings:
        """What the session was asked to do, the base commit's word included."""

    @property
    def base(self) -> Base | None:
        """The commit that a branch is compared with."""

    @property
    def is_fork(self) -> bool:
        """Whether the branch's own baseline counts for nothing."""

    @property
    def started_s(self) -> float:
        """When the session began, in seconds since the epoch."""

    @property
    def baseline(self) -> Baseline:
        """What is compared with."""


class Ground:
    """The grounds of a session that no pytest of this process ran.

    Args:
        settings: what it was asked to do.
        base: the commit that it is compared with.
        is_fork: whether the branch's own baseline counts for nothing.
        started_s: when it began, in seconds since the epoch.
    """

    def __init__(self, settings: Settings, *, base: Base | None, is_fork: bool, started_s: float) -> None:
        self.settings = settings
        self.base = base
        self.is_fork = is_fork
        self.started_s = started_s

    @cached_property
    def baseline(self) -> Baseline:
        """What is compared with; raises LlmevalError where it is malformed."""
        return baseline_of(self)


def baseline_of(grounds: Grounds) -> Baseline:
    """Read what a session is compared with.

    Raises:
        LlmevalError: it is malformed.
    """
    if grounds.base is not None:
        return grounds.base.held.baseline
    from pytest_llmeval.store import baselines

    return baselines.read(grounds.settings.baseline)


def day_of(started_s: float) -> str:
    """Return the day of a time in UTC, as an ISO date."""
    return time.strftime("%Y-%m-%d", time.gmtime(started_s))
