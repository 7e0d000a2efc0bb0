"""What the verbs of ``llmeval label`` are told alike."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmeval.commands.output import inert, shown
from pytest_llmeval.datasets import labels
from pytest_llmeval.errors import UsageError
from pytest_llmeval.store import git

if TYPE_CHECKING:
    import argparse

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records.label import Label

LABELS = "labels.jsonl"


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told where the labels are."""
    parser.add_argument("--labels", metavar="PATH", help=f"the file of labels (default: {LABELS} at the root)")


def add_person(parser: argparse.ArgumentParser) -> None:
    """Let a verb be told who labels."""
    parser.add_argument("--who", metavar="NAME", help="who labels; by default `git config user.name`, $USER")


def label_file(found: Project, given: str | None = None) -> Path:
    """Return the file of labels: as given from the current folder, else the one at the project's root."""
    return Path(given) if given else found.root / LABELS


def known(path: Path) -> list[Label]:
    """Return the labels of a file, in their order; none where there is no file yet.

    Raises:
        UsageError: a line is no label.
    """
    return [label for _, label in labels.read(path, shown(path))] if path.exists() else []


def person(found: Project, given: str | None = None) -> str:
    """Return who labels.

    Raises:
        UsageError: nobody says.
    """
    who = inert(given or git.user(found.root) or os.environ.get("USER", "")).strip()
    if not who:
        raise UsageError("nobody is named", found="git has no user.name, and $USER is empty", hint="--who NAME")
    return who


def now() -> str:
    """Return the time as labels have it: ISO 8601 in UTC, to the second."""
    return datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
