"""Cases of a test as pytest is to have them: read, picked by tag, shown, and marked with their tags for ``-m``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval import datasets
from pytest_llmeval.errors import UsageError
from pytest_llmeval.plugin.state import STATE
from pytest_llmeval.records import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmeval.records import Case

_SHOWN_LENGTH = 60
# What the words of -m are made of; no name of Python's has the dot, so no mark of anybody is ever meant.
_PREFIX = "tag."
_NO_WORD = re.compile(r"[^\w+./-]")
_MARKS = pytest.StashKey[dict[str, pytest.MarkDecorator]]()


def load(metafunc: pytest.Metafunc, source: object, tags: object, perturb: object = None) -> tuple[Case, ...]:
    """Read the cases that a test's marker names.

    Args:
        metafunc: the test.
        source: ``cases=`` of its marker.
        tags: ``tags=`` of its marker: text, or a list of text; a case needs one of them. None for all cases.
        perturb: ``perturb=`` of its marker: what is derived from those cases. None for nothing.

    Raises:
        UsageError: they cannot be read, or two are one; it names the file, the line and the field.
    """
    wanted = [tags] if isinstance(tags, str) else [] if tags is None else tags
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(tag, str) for tag in wanted):
        raise UsageError(f"tags={tags!r} is not allowed", hint="tags= takes a tag, or a list of tags")
    config = metafunc.config
    placed = datasets.read(
        source,
        beside=metafunc.definition.path.parent,
        root=config.rootpath,
        allowed=config.stash[STATE].settings.allowed_paths,
    )
    cases = datasets.with_tags(datasets.unique(placed), wanted)
    if perturb is None:
        return cases
    from pytest_llmeval.datasets.perturbing import asked_for, perturbed

    # Unique once more: a case of the user's may have the id of a derived one.
    return datasets.unique((f"perturb={perturb!r}", case) for case in perturbed(cases, asked_for(perturb)))


def parameters(cases: Sequence[Case], config: pytest.Config) -> list[object]:
    """Return what ``parametrize`` takes: each case, with a mark for each of its tags.

    ``pytest -m "tag.money and not tag.slow"`` then picks cases. The marks are ours: a tag "skip" skips nothing.
    """
    marks = _marks(dict.fromkeys(tag for case in cases for tag in case.tags), config)
    return [
        pytest.param(case, marks=[marks[tag] for tag in dict.fromkeys(case.tags)]) if case.tags else case
        for case in cases
    ]


def _marks(tags: Iterable[str], config: pytest.Config) -> Mapping[str, pytest.MarkDecorator]:
    known = config.stash.setdefault(_MARKS, {})
    new = {tag: _PREFIX + _NO_WORD.sub("_", tag) for tag in tags if tag not in known}
    # --strict-markers knows a mark by its line. All lines first: pytest reads them all for a mark it does not know.
    for tag, name in new.items():
        config.addinivalue_line("markers", f"{name}: a case with the tag {tag!r}")
    known |= {tag: getattr(pytest.mark, name) for tag, name in new.items()}
    return known


def shown_id(name: str) -> str:
    """Return the id of a case, or a variant's name, as pytest may show it: printable ASCII, short, still unique.

    The id itself is data and travels unchanged beside it.
    """
    # No backslash either: pytest would escape it once more, and the item could not be told by this id.
    text = re.sub(r"[^ -\[\]-~]", "_", name)
    # Nor what a CI system obeys anywhere in a line: pytest's own lines have it in them.
    text = re.sub(r"##(?=\w*\[)", "__", text)
    if text and len(text) <= _SHOWN_LENGTH and text == name:
        return text
    # A replaced or shortened id could equal another case's plain one; the digest tells them apart.
    return f"{text[: _SHOWN_LENGTH - 13]}~{digest(name)[:12]}"
