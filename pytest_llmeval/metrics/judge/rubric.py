"""Rubrics: what is graded, by which criterion, on which scale; versioned texts in files, known by their fingerprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from pytest_llmeval.records import Json, digest
from pytest_llmeval.records.frozen import dataclass
from pytest_llmeval.records.score import JUDGED

_FOLDER: Final = Path(__file__).parent / "rubrics"
LOWEST, HIGHEST = 1, 5


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """What a judge grades by.

    Args:
        name: of its file.
        version: changes with its text, so that old scores are not compared with new ones.
        criterion: in plain words.
        grades: what each grade means, from the best to the worst; empty for a comparison of two answers.
        parts: names of the material that it is about, in order; a part that is not known is left out.
    """

    name: str
    version: int
    criterion: str
    grades: Mapping[str, str]
    parts: tuple[str, ...]

    def with_criterion(self, criterion: str) -> Rubric:
        """Return the rubric with a criterion of the user's own."""
        return replace(self, criterion=criterion.strip())


@cache
def load(name: str) -> Rubric:
    """Read a rubric of this package, such as ``relevance``."""
    said = _read(name)
    return Rubric(
        name=name,
        version=said["version"],
        criterion=said["criterion"],
        grades=said["grades"],
        parts=tuple(said["parts"]),
    )


@cache
def protocol(kind: str) -> tuple[int, str]:
    """Return the version and the text of what every judge is told.

    Args:
        kind: ``grade`` or ``prefer``; or ``rewrite``, of a model that rewrites a text.
    """
    said = _read("rewriting" if kind == "rewrite" else "protocol")
    return said["version"], said[kind].strip()


def _read(name: str) -> Json:
    import tomllib

    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def version_of(rubric: Rubric, kind: str, models: Sequence[str], settings: Mapping[str, Json]) -> str:
    """Return what stands as the version of a judged score: two scores are comparable if and only if it is the same.

    It holds the rubric's name and version for people, and a fingerprint of all that the grade hangs on: the models, the
    texts, the sampling, and the protocol. The endpoint is not in it: the same model behind another address is the same.

    Args:
        rubric: with the user's criterion, if it has one.
        kind: of the protocol.
        models: who grades, in order.
        settings: sent with every call.
    """
    content = [rubric.name, rubric.version, rubric.criterion, dict(rubric.grades), list(rubric.parts)]
    fingerprint = digest([list(models), content, protocol(kind), dict(settings)])[:12]
    return f"{JUDGED}{rubric.name}-{rubric.version} {fingerprint}"
