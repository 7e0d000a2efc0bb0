"""A prompt to try → an answer of a model, and scores of it and of the recorded one, by the project's own metrics.

pytest asks and scores, in a process of its own, by a test that is written for the purpose: with the user's settings,
conftest.py, cache and budget. So a score here is what it would be in the suite.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from argparse import Namespace
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.commands.judge import arguments as args
from pytest_llmeval.commands.judge.asking import run_apart
from pytest_llmeval.errors import UsageError
from pytest_llmeval.records.score import JUDGED
from pytest_llmeval.ui.cases import as_text, case_name
from pytest_llmeval.ui.running import ONE_AT_A_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmeval.agreement.queue import Candidate
    from pytest_llmeval.commands.judge.arguments import Asked
    from pytest_llmeval.commands.label.candidates import Collected
    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import CaseId, CaseResult, Check, Json, Response, Session, Trial

_KEPT_IN = "tried"
_SYSTEM = ("system", "developer")
# Settings of a stored request that are sent again: they say how to answer. Any other might say where, and with whose
# key: to llm and to litellm an endpoint is an argument like these.
_SENT = frozenset(
    (
        *("extra_body", "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "n"),
        *("parallel_tool_calls", "presence_penalty", "reasoning_effort", "response_format", "seed", "stop", "stream"),
        *("temperature", "tool_choice", "tools", "top_k", "top_logprobs", "top_p", "verbosity"),
    )
)
# They judge more than one answer.
_OF_SEVERAL = frozenset(("consistency", "goal_reached", "memory", "preference", "unbiasedness"))
OFFERED = tuple(sorted(args.KNOWN - _OF_SEVERAL))
"""Metrics of ours that judge one answer."""
RECORDED, TRIED = "recorded", "tried"

_MODULE = '''\
"""Written by `llmeval ui`, and deleted after it."""

import pytest
import pytest_llmeval as asked


def measured(metric, measure, output):
    """Measure, or say why that cannot be."""
    try:
        measure()
    except asked.UsageError as error:
        why = " ".join(str(error).split())
        asked.assert_score(metric, (None, why), output=output, threshold=None)


# A score below its threshold is a finding here, and no failure.
@pytest.mark.xfail(raises=AssertionError, strict=False)
@pytest.mark.llmeval(cases="answers.jsonl", trials=1)
def test_answers(llm, llm_case):
    case, field = llm_case, llm_case.data.get
    output = field("llmeval_output")
    if output is None:
        output = llm(field("llmeval_messages"), **field("llmeval_settings"))
'''


class How(NamedTuple):
    """How a metric judged a recorded answer: whether by a judge, and by which criterion of the user's own."""

    is_judged: bool = False
    criterion: str = ""


class Start(NamedTuple):
    """What a person begins with: a stored case, or nothing.

    Args:
        key: names it in its session.
        name: for a person.
        model: that was asked.
        messages: the whole request.
        settings: sent with it, as far as they may be sent again.
        recorded: the answer; None where there is none.
        input: of the case.
        expected: of the case.
        context: of the case.
        data: its other fields.
        metrics: that judged the answer, and how.
    """

    key: str = ""
    name: str = ""
    model: str = ""
    messages: tuple[Mapping[str, Json], ...] = ()
    settings: Mapping[str, Json] = {}
    recorded: str | None = None
    input: Json = None
    expected: Json = None
    context: Json = None
    data: Mapping[str, Json] = {}
    metrics: Mapping[str, How] = {}

    @property
    def system(self) -> str:
        """The system prompt, as text; empty where there is none."""
        return next((as_text(one.get("content")) for one in self.messages if one.get("role") in _SYSTEM), "")

    @property
    def question(self) -> str:
        """The last message of the user, as text."""
        said = [as_text(one.get("content")) for one in self.messages if one.get("role") == "user"]
        return said[-1] if said else ""


class Prompt(NamedTuple):
    """What a person wants to try."""

    model: str
    system: str
    question: str
    metrics: tuple[str, ...]


class Scored(NamedTuple):
    """One answer, with its scores by metric; ``call`` is None where it is the recorded one, or was never given."""

    text: str
    call: Response | None
    checks: Mapping[str, Check]
    error: str = ""


class Tried(NamedTuple):
    """What came of it; ``output`` is what pytest printed."""

    recorded: Scored | None
    tried: Scored
    output: str


def starts(session: Session, collected: Collected) -> list[Start]:
    """Return the cases of a session that asked a model something, each by its first trial.

    Args:
        session: whole.
        collected: its answers, which know references and criteria.
    """
    about: dict[tuple[CaseId, str], dict[str, Candidate]] = {}
    for one in collected.candidates:
        about.setdefault((one.check.case_id, one.check.arm), {}).setdefault(one.check.metric, one)
    return [
        _start(result, trial, about.get((result.id, result.arm), {}))
        for result in session.results
        for trial in result.trials[:1]
        if trial.calls
    ]


def _start(result: CaseResult, trial: Trial, about: Mapping[str, Candidate]) -> Start:
    call = trial.calls[0]
    known = next((one.draft for one in about.values()), None)
    return Start(
        key=result.nodeid,
        name=case_name(result),
        model=call.request.model,
        messages=call.request.messages,
        settings={name: value for name, value in call.request.settings.items() if name in _SENT},
        recorded=call.text,
        input=known.input if known else call.request.question,
        expected=known.expected if known else None,
        context=known.context if known else None,
        data=known.data if known else {},
        metrics={
            check.score.metric: How(
                check.score.version.startswith(JUDGED),
                about[check.score.metric].draft.rubric if check.score.metric in about else "",
            )
            for check in trial.checks
        },
    )


def messages(start: Start, prompt: Prompt) -> list[Mapping[str, Json]]:
    """Return what is asked: the case's own messages, with the system prompt and the last question as they are now."""
    others = [one for one in start.messages if one.get("role") not in _SYSTEM]
    place = max((place for place, one in enumerate(others) if one.get("role") == "user"), default=None)
    if place is None:
        others.append({"role": "user", "content": prompt.question})
    elif prompt.question != start.question:
        others[place] = {"role": "user", "content": prompt.question}
    role = next((one["role"] for one in start.messages if one.get("role") in _SYSTEM), _SYSTEM[0])
    first = [{"role": role, "content": prompt.system}] if prompt.system else []
    return [*first, *others]


def ask(found: Project, start: Start, prompt: Prompt) -> Tried:
    """Ask, and score the new answer and the recorded one by the same metrics.

    The endpoint is the project's: a session's file may come from elsewhere, and must not say where a key is sent.

    Raises:
        UsageError: a metric's name cannot be one, or pytest could not run it.
        StoreError: the session cannot be read.
    """
    module = _MODULE + "".join(_lines(prompt.metrics, start.metrics))
    own = {"input": start.input, "expected": start.expected, "context": start.context}
    row = {**start.data, **own, "llmeval_messages": messages(start, prompt), "llmeval_settings": dict(start.settings)}
    if prompt.question != start.question:
        row["input"] = prompt.question
    rows = [{"id": TRIED, **row}]
    if start.recorded is not None:
        rows.append({"id": RECORDED, **own, **start.data, "llmeval_output": start.recorded})
    kept_in = f"{found.folder.relative_to(found.root)}/{_KEPT_IN}-{secrets.token_hex(8)}"
    with ONE_AT_A_TIME, tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        try:
            status, session = run_apart(found, kept_in, module, rows, [f"--llmeval-model={prompt.model}"], output)
        finally:
            # It is nobody's session: what was tried is shown, and gone.
            shutil.rmtree(found.folder / kept_in, ignore_errors=True)
        output.seek(0)
        printed = output.read()
    scored = {} if session is None else {result.id.case: _scored(result) for result in session.results}
    if TRIED not in scored:
        last = next((line for line in reversed(printed.splitlines()) if line.strip()), "")
        raise UsageError("nothing was tried", found=f"pytest ended with exit status {status}: {last}"[:500])
    return Tried(scored.get(RECORDED), scored[TRIED], printed)


def rows(tried: Tried, metrics: Sequence[str]) -> list[dict[str, Json]]:
    """Return a row for each metric: the recorded answer's score, the new one's, and why."""
    return [_row(metric, tried) for metric in metrics]


def _row(metric: str, tried: Tried) -> dict[str, Json]:
    old = tried.recorded.checks.get(metric) if tried.recorded else None
    new = tried.tried.checks.get(metric)
    before, now = (None if one is None else one.value for one in (old, new))
    return {
        "metric": metric,
        "recorded": before,
        "tried": now,
        "change": None if before is None or now is None else now - before,
        "threshold": None if new is None else new.threshold,
        "reason, recorded": "" if old is None else old.score.reason,
        "reason, tried": "" if new is None else new.score.reason,
    }


def _lines(metrics: Sequence[str], known: Mapping[str, How]) -> Iterator[str]:
    for metric in metrics:
        asked = _asked(metric, known.get(metric, How()))
        yield f"    measured({metric!r}, lambda: asked.{asked.call}, output)\n"


def _asked(metric: str, how: How) -> Asked:
    said = Namespace(metric=metric, rubric=None, judge=None, how="judge" if how.is_judged else None)
    return args.asked(said, {metric: how.criterion})[0]


def _scored(result: CaseResult) -> Scored:
    trial = next(iter(result.trials), None)
    if trial is None:
        return Scored("", None, {}, f"the test was {result.outcome}")
    call = next(iter(trial.calls), None)
    checks = {check.score.metric: check for check in (*trial.checks, *result.checks)}
    # A check of an answer that never came has the reason.
    why = next((check.score.reason for check in trial.checks if check.value is None), "") if call is None else ""
    return Scored(call.text if call else "", call, checks, trial.error or why)
