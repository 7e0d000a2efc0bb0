"""From a trace in MLflow back to the answer that it shows: the session, the case, the trial, the metric."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.agreement.queue import Candidate
from pytest_llmeval.commands.label.candidates import of_result
from pytest_llmeval.commands.label.cases import Cases
from pytest_llmeval.errors import StoreError
from pytest_llmeval.exports.mlflow_identity import request_id
from pytest_llmeval.gather import session_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.exports.mlflow_feedback import Assessed
    from pytest_llmeval.records import CaseResult, Json, Session
    from pytest_llmeval.records.label import Label


class Answered:
    """Finds the answers that assessments speak of; each session is read once.

    Args:
        found: the project, whose stored sessions are looked at first.
        names: metrics, by the question that speaks of them.
        fetch: gives the session file of an MLflow run; None where it has none.
    """

    def __init__(self, found: Project, names: Mapping[str, str], fetch: Callable[[str], Path | None]) -> None:
        self._folder = found.folder
        self._names = names
        self._fetch = fetch
        self._cases = Cases(found.root)
        self._sessions: dict[str, Session | None] = {}
        self._results: dict[tuple[str, str], CaseResult] = {}
        self._expected: dict[tuple[str, str], Json] = {}

    def expect(self, one: Assessed, value: Json) -> None:
        """Keep what an answer should have been, for the labels that come after it."""
        self._expected[one.session, one.request_id] = value

    def draft(self, one: Assessed) -> Label | str:
        """Return what the label of an assessment holds but for what it says; why there is none, where there is none."""
        session = self._session(one)
        if session is None:
            return f"of session {one.session!r}: it is neither stored here nor with its run"
        result = self._results.get((one.session, one.request_id))
        if result is None:
            return f"of {one.case!r}: its session has no such case"
        every = [found for found in of_result(session, result, self._cases) if isinstance(found, Candidate)]
        here = [found for found in every if one.trial in (None, found.draft.judged.trial)]
        drafts = _of_metric(here, one.name, self._names.get(one.name))
        if not drafts:
            known = ", ".join(sorted({found.check.metric for found in here})) or "no whole answer"
            return f"{one.name!r}: no metric of the case ({known}); --name '{one.name}=METRIC' says which it is"
        if len({draft.subject for draft in drafts}) > 1:
            return f"{one.name!r} of several trials at once: which answer is meant? Assess the span of a trial"
        expected = self._expected.get((one.session, one.request_id))
        return replace(drafts[0], expected=expected) if drafts[0].expected is None and expected else drafts[0]

    def _session(self, one: Assessed) -> Session | None:
        if one.session not in self._sessions:
            self._sessions[one.session] = self._read(one)
            for result in getattr(self._sessions[one.session], "results", ()):
                self._results[one.session, request_id(result)] = result
        return self._sessions[one.session]

    def _read(self, one: Assessed) -> Session | None:
        path = self._folder / "sessions" / f"{one.session}.jsonl"
        stored = path if path.parent == self._folder / "sessions" and path.is_file() else self._fetch(one.run_id)
        try:
            return None if stored is None else session_file.read(stored)
        except StoreError:
            return None


def _of_metric(here: list[Candidate], name: str, metric: str | None) -> list[Label]:
    """Return the drafts by the metric that a question speaks of; of one that no check has, by the answers alone."""
    wanted, hash_, nth = (metric or name).rpartition("#")
    place = int(nth) - 1 if hash_ and nth.isdecimal() else 0
    wanted = wanted if hash_ and nth.isdecimal() else metric or name
    drafts = [found.draft for found in here if (found.check.metric, found.check.nth) == (wanted, place)]
    if drafts or metric is None:
        return drafts
    of_trial = {found.draft.judged.trial: found.draft for found in reversed(here)}
    return [replace(draft, metric=wanted, rubric="", other=None, data={}) for draft in of_trial.values()]
