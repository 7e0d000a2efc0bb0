"""Every flag and ini key, declared once, and the frozen Settings they become.

Precedence: marker, command line, environment, ini. ``--llmeval-NAME``, ``LLMEVAL_NAME`` and ``llmeval_name`` are one
option; a few are without a flag, because they belong to the project and not to a run.
"""

from __future__ import annotations

from pytest_llmeval.options.settings import FIRST_TRIAL, Settings, resolve
from pytest_llmeval.options.table import OPTIONS, Option, declare

__all__ = ["FIRST_TRIAL", "OPTIONS", "Option", "Settings", "declare", "resolve"]
