"""What is to be graded → the messages that a judge is sent: every part between marks that no part can hold (FAULTS 22).

The mark stands where each live call puts its nonce; see ``calls.nonce``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pytest_llmeval.calls.nonce import mark_for
from pytest_llmeval.metrics.judge.rubric import HIGHEST, LOWEST, Rubric, protocol
from pytest_llmeval.records import Json

# One reply of our own form; who cannot be held to it is read as strictly.
_NONCE: Final = {"type": "string"}
_REASON: Final = {"type": "string"}
_LAST: Final[Mapping[str, Json]] = {
    "grade": {"type": "integer", "enum": list(range(LOWEST, HIGHEST + 1))},
    "better": {"type": "string", "enum": ["first", "second", "tie"]},
    "rewritten": {"type": "string"},
}
_MARK: Final = re.compile(r"\[(\S+) NAME\]")
_CRITERION: Final = re.compile(r"\nCRITERION\n(.*?)\n\n(?:GRADES|MATERIAL)\n", re.DOTALL)
FIELD: Final = {"grade": "grade", "prefer": "better", "rewrite": "rewritten"}
"""The field that decides, by the kind of the protocol."""


def messages(rubric: Rubric, kind: str, parts: Mapping[str, str]) -> list[dict[str, Json]]:
    """Return the system's and the user's message.

    Args:
        rubric: what is graded by.
        kind: ``grade``, ``prefer`` or ``rewrite``.
        parts: texts by name; those that the rubric does not name are left out.
    """
    text = protocol(kind)[1]
    given = [(name, parts[name]) for name in rubric.parts if name in parts]
    mark = mark_for([text, rubric.criterion, dict(rubric.grades), given])
    grades = "\n".join(f"{grade}: {meaning}" for grade, meaning in rubric.grades.items())
    shown = [f"[{mark} {name.upper()}]\n{part}\n[{mark} END]" for name, part in given]
    return [
        {"role": "system", "content": text.format(criterion=rubric.criterion, grades=grades, mark=mark)},
        {"role": "user", "content": "\n\n".join(shown)},
    ]


def material_of(asked: Sequence[Mapping[str, Json]]) -> tuple[str, dict[str, str]] | None:
    """Return the criterion and the parts of a judge's messages, as they are stored; None where they are none.

    Args:
        asked: what ``messages`` made. No part can hold the mark, so that a part ends where it says.
    """
    texts = [message.get("content") for message in asked]
    if len(texts) != 2 or not all(isinstance(text, str) for text in texts):  # noqa: PLR2004 - system and user
        return None
    system, user = map(str, texts)
    mark = _MARK.search(system)
    criterion = _CRITERION.search(system)
    if mark is None or criterion is None:
        return None
    word = re.escape(mark[1])
    parts = re.findall(rf"\[{word} (?!END\])([A-Z]+)\]\n(.*?)\n\[{word} END\]", user, re.DOTALL)
    return criterion[1], {name.lower(): text for name, text in parts}


def settings(kind: str, said: Mapping[str, Json]) -> dict[str, Json]:
    """Return what is sent with every call: no randomness, and a strict form; what the user says wins.

    Args:
        kind: ``grade``, ``prefer`` or ``rewrite``.
        said: ``llmeval_judge_settings``; None takes one back.
    """
    field = FIELD[kind]
    schema = {
        "type": "object",
        "properties": {"nonce": _NONCE, "reason": _REASON, field: _LAST[field]},
        "required": ["nonce", "reason", field],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": field, "strict": True, "schema": schema}}
    wanted = {"temperature": 0, "response_format": form, **said}
    return {name: value for name, value in wanted.items() if value is not None}
