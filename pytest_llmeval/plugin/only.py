"""In a pytest that we start ourselves: run these cases, each with so many trials, and no other test."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.options import ONLY
from pytest_llmeval.plugin.fixtures import is_llm_test

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmeval.records import CaseId


def write(path: Path, n_trials: Mapping[CaseId, int]) -> None:
    """Write the cases to run, and their trials, for ``ONLY``."""
    path.write_text(json.dumps([[*id_, n] for id_, n in n_trials.items()]), encoding="ascii")


class Only:
    """Registered where ``ONLY`` is set."""

    def __init__(self) -> None:
        rows = json.loads(Path(os.environ[ONLY]).read_text(encoding="ascii"))
        self._n_trials: Mapping[tuple[str, str], int] = {(test, case): n for test, case, n in rows}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out every other test (:hook:`pytest_collection_modifyitems`)."""
        from pytest_llmeval.plugin.items import N_TRIALS, case_id

        kept = []
        for item in items:
            n_trials = self._n_trials.get(case_id(item)) if is_llm_test(item) else None
            if n_trials is not None:
                item.stash[N_TRIALS] = n_trials
                kept.append(item)
        items[:] = kept
