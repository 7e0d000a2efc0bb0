"""Session → a row for each case, and all that is stored of one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.exports.beside import Beside
from pytest_llmeval.exports.html.material import ORDER, materials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.exports.html.material import Material
    from pytest_llmeval.records import CaseResult, Check, Json, Request, Response, Session, Trial

ALL = "all"


class CaseRow(NamedTuple):
    """One case of a list.

    Args:
        key: names it among all of the session, arm included.
        name: for a person.
        status: its first word.
        material: of it.
    """

    key: str
    name: str
    status: str
    material: Material


def rows(session: Session) -> list[CaseRow]:
    """Return the cases, those first that somebody has to look at."""
    found = [CaseRow(one.result.nodeid, case_name(one.result), one.status, one) for one in materials(session, Beside())]
    place = {word: number for number, word in enumerate(ORDER)}
    return sorted(found, key=lambda row: (place.get(row.status, len(place)), _lowest(row.material), row.name))


def statuses(cases: Sequence[CaseRow]) -> list[str]:
    """Return all that cases are, the worst first, behind "all"."""
    found = {word for row in cases for word in (*row.material.words, row.status)}
    return [ALL, *(word for word in ORDER if word in found), *sorted(found - {*ORDER})]


def picked(cases: Sequence[CaseRow], *, text: str = "", status: str = ALL, suite: str = ALL) -> list[CaseRow]:
    """Return the cases that hold a text in name, question, answer or reason, and are what is asked for.

    Args:
        cases: of one session.
        text: in any case of its letters.
        status: one of ``statuses``.
        suite: its name, or "all".
    """
    wanted = text.casefold().strip()
    return [
        row
        for row in cases
        if status in (ALL, row.status, *row.material.words)
        and suite in (ALL, row.material.result.suite)
        and (not wanted or any(wanted in part.casefold() for part in _texts(row.material)))
    ]


def cells(cases: Sequence[CaseRow]) -> list[dict[str, Json]]:
    """Return the cases as rows of a table: a column for each metric."""
    metrics = list(dict.fromkeys(line.metric for row in cases for line in row.material.lines))
    return [
        {
            "": row.status,
            "suite": row.material.result.suite,
            "case": row.name,
            **{
                metric: next((one.mean for one in row.material.lines if one.metric == metric), None)
                for metric in metrics
            },
            "question": row.material.question,
            "answer": row.material.first.text if row.material.first is not None else "",
        }
        for row in cases
    ]


def metrics(cases: Sequence[CaseRow]) -> list[str]:
    """Return the names of the columns that hold scores."""
    return list(dict.fromkeys(line.metric for row in cases for line in row.material.lines))


def checks(trial_checks: Sequence[Check]) -> list[dict[str, Json]]:
    """Return a row for each check of a trial: what it came to, and why."""
    return [
        {
            "metric": check.score.metric,
            "score": check.value,
            "threshold": check.threshold,
            "": _word(check),
            "reason": check.score.reason,
            "version": check.score.version,
        }
        for check in trial_checks
    ]


def messages(request: Request) -> Iterator[tuple[str, str]]:
    """Yield what a model was asked, as roles and texts."""
    for message in request.messages:
        yield str(message.get("role", "message")), as_text(message.get("content"))


def case_name(result: CaseResult) -> str:
    """Name a case for a person: its test without the file, its own id, and its variant."""
    test = result.id.test.rpartition("::")[2]
    name = f"{test}[{result.id.case}]" if result.id.case else test
    return f"{name} @{result.arm}" if result.arm else name


def as_text(value: Json) -> str:
    """Return anything of a request or a case as text: parts of a message as their texts, any other value as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and value and all(isinstance(part, dict) and "type" in part for part in value):
        return "\n".join(_part(part) for part in value)
    return "" if value is None else json.dumps(value, ensure_ascii=False, indent=1)


def took(call: Response) -> str:
    """Say who answered, where the answer came from, and what it took."""
    price = "price unknown" if call.cost_usd is None else f"${call.cost_usd:.4f}"
    ended = "" if call.outcome == "ok" else f", {call.outcome.value}"
    asked = f"{call.request.model}, {call.provenance.value}{ended}"
    return f"{asked}, {call.latency_s:.2f} s, {price}, {call.recorded_at[:19]}"


def trial_name(trial: Trial) -> str:
    """Name a trial with its scores, so that a person finds the odd one."""
    scores = ", ".join(
        f"{check.score.metric} {'unscored' if check.value is None else f'{check.value:.2f}'}" for check in trial.checks
    )
    return f"trial {trial.index + 1}" + (f": {scores}" if scores else "")


def _part(part: Mapping[str, Json]) -> str:
    text = part.get("text")
    return text if isinstance(text, str) else f"({part['type']})"


def _word(check: Check) -> str:
    if check.value is None:
        return "unscored"
    if check.threshold is None:
        return "recorded"
    return "passes" if check.passed else "below"


def _lowest(one: Material) -> float:
    return min((line.mean for line in one.lines if line.mean is not None), default=1.0)


def _texts(one: Material) -> Iterator[str]:
    yield str(one.result.id)
    yield one.question
    yield from (answered.text for answered in one.every)
    yield from (line.reason for line in one.lines)
