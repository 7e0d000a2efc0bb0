"""Answers of stored sessions, with all that a label of them holds: what people can be asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.agreement.queue import Candidate
from pytest_llmeval.commands.judge.again import Old, judged_text, with_material
from pytest_llmeval.commands.judge.arguments import KNOWN
from pytest_llmeval.commands.label.cases import Cases
from pytest_llmeval.commands.sessions import everywhere
from pytest_llmeval.datasets.labels import FIELDS
from pytest_llmeval.gather import session_file, session_folder
from pytest_llmeval.gather.answers import HEAD_LENGTH
from pytest_llmeval.metrics.judge import rubric as rubrics
from pytest_llmeval.records import CheckId
from pytest_llmeval.records.label import Judged, Label
from pytest_llmeval.records.score import JUDGED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import CaseResult, Check, Json, Response, Session, Trial

# What these say is so, unless a judge said it: a person adds nothing.
_EXACT = frozenset(
    ("language", "length", "pattern", "resistance", "retrieval", "schema", "trajectory", "within"),
)
_OWN_CRITERION = "rubric"
# Parts of a judge's material that are fields of a label's case.
_OF_CASE = ("goal", "difference")


class Collected(NamedTuple):
    """What people can be asked about.

    Args:
        candidates: in the order of the sessions, the newest first.
        n_cut: answers of which only the head is stored; to label a part would mislead.
        n_untold: answers whose text is not stored at all.
    """

    candidates: tuple[Candidate, ...]
    n_cut: int = 0
    n_untold: int = 0

    def left_out(self) -> Iterator[str]:
        """Yield why answers are not among those that can be labelled."""
        if self.n_cut:
            yield f"{self.n_cut} are left out: of texts that your code puts together only 1,000 characters are stored"
        if self.n_untold:
            yield f"{self.n_untold} are left out: their texts are not stored (llmeval_store_texts)"


def collect(found: Project, *, last: int = 1, session: str = "", metric: str | None = None) -> Collected:
    """Return the answers of the newest sessions: this machine's, or where it has run nothing, the team's.

    Args:
        found: the project.
        last: how many sessions.
        session: of this one instead, of any machine, named as ``session_folder.pick`` takes it.
        metric: only of this one; by default of all of which people can say something.

    Raises:
        StoreError: a session cannot be read.
        UsageError: ``session`` names none, or several.
    """
    folder = everywhere.nearest(found, session)
    stored = session_folder.stored(folder)
    paths = [session_folder.pick(folder, session)] if session or not stored else [*reversed(stored[-last:])]
    cases = Cases(found.root)
    every = [one for path in paths for one in candidates(session_file.read(path), cases, metric)]
    return Collected(
        tuple(one for one in every if isinstance(one, Candidate)),
        n_cut=every.count("cut"),
        n_untold=every.count("untold"),
    )


def candidates(session: Session, cases: Cases, metric: str | None = None) -> Iterator[Candidate | str]:
    """Yield a candidate for each check of a session; "cut" or "untold" where its text is not there.

    Args:
        session: whole.
        cases: the project's files of cases, where an answer's reference and source are.
        metric: as of ``collect``.
    """
    for result in session.results:
        yield from of_result(session, result, cases, metric)


def of_result(
    session: Session, result: CaseResult, cases: Cases, metric: str | None = None
) -> Iterator[Candidate | str]:
    """Yield the candidates of one case, as ``candidates`` does."""
    for trial in result.trials:
        for check in trial.checks:
            name, is_judged = check.score.metric, check.score.version.startswith(JUDGED)
            if name == metric or (metric is None and (is_judged or name not in _EXACT)):
                yield _candidate(session, result, trial, check, cases)


def _candidate(session: Session, result: CaseResult, trial: Trial, check: Check, cases: Cases) -> Candidate | str:
    old = Old("", check)
    if check.score.version.startswith(JUDGED):
        old = with_material(old, trial.judge_calls)
    call = _call_of(check, trial)
    output = _output(check, old.parts, call)
    if output is None:
        return "cut" if check.output else "untold"
    judged = Judged(
        session=session.id, test=result.id.test, case=result.id.case, trial=trial.index, origin=check.origin
    )
    draft = Label(
        metric=check.score.metric,
        rubric=old.criterion if old.rubric == _OWN_CRITERION else "",
        output=output,
        value=0.0,
        judged=judged,
        **_material(result, check, old.parts, call, cases),
    )
    return Candidate(
        draft=draft,
        check=CheckId(*result.id, check.score.metric, check.nth, result.arm),
        score=check.value,
        threshold=check.threshold,
        reason=check.score.reason,
        opinions=_opinions(check.score.detail),
        messages=call.request.messages if call else (),
    )


def _call_of(check: Check, trial: Trial) -> Response | None:
    """Return the call that gave an answer, else the trial's first one: what the application was asked to begin with."""
    own = next((call for call in trial.calls if check.origin and call.origin == check.origin), None)
    return own or next(iter(trial.calls), None)


def _output(check: Check, parts: Mapping[str, str], call: Response | None) -> str | None:
    """Return the whole text that was judged; None where it is not stored."""
    told = judged_text(parts)
    if told is not None:
        return told
    if call is not None and call.origin == check.origin and check.output and call.text.startswith(check.output):
        return call.text
    return check.output if 0 < len(check.output) < HEAD_LENGTH else None


def _material(
    result: CaseResult, check: Check, parts: Mapping[str, str], call: Response | None, cases: Cases
) -> dict[str, Json]:
    """Return what a metric needs beside the answer: as the case's file has it, else as the judge was shown it."""
    case = cases.of(result)
    asked = call.request.question if call else ""
    data: dict[str, Json] = {name: parts[name] for name in _OF_CASE if name in parts}
    if case is not None and check.score.metric not in KNOWN:
        data |= {name: value for name, value in case.data.items() if name not in FIELDS}
    return {
        "input": parts.get("question") or asked or None if case is None else case.input,
        "expected": parts.get("reference") if case is None else case.expected,
        "context": parts.get("source") if case is None else case.context,
        "other": parts.get("second"),
        "data": data,
    }


def _opinions(detail: Mapping[str, Json]) -> tuple[float, ...]:
    """Return what each judge of a panel said, in [0, 1]; who could not be believed said nothing."""
    if isinstance(grades := detail.get("grades"), dict):
        span = rubrics.HIGHEST - rubrics.LOWEST
        return tuple((grade - rubrics.LOWEST) / span for grade in grades.values() if isinstance(grade, int))
    preferences = detail.get("preferences")
    return tuple(said for said in preferences.values() if said is not None) if isinstance(preferences, dict) else ()
