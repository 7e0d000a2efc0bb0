"""The cases of a session, and one of them: what was asked, what was answered, and what each check made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pytest_llmeval.ui import cases
from pytest_llmeval.ui.pages import drawing

if TYPE_CHECKING:
    from pytest_llmeval.records import CaseResult, Session, Trial
    from pytest_llmeval.ui.cases import CaseRow


def draw(session: Session) -> None:
    """Draw the list with its filters, and the case that is chosen."""
    every = cases.rows(session)
    found = _filtered(every)
    drawing.say(f"{len(found)} of {len(every)} cases", small=True)
    if not found:
        return
    drawing.table(cases.cells(found), numbers=cases.metrics(found), most=7)
    names = {row.key: f"{row.name}: {row.status}" for row in found}
    chosen = drawing.choose("Case", list(names), names, key="case")
    row = next((row for row in found if row.key == chosen), None)
    if row is not None:
        _case(row.material.result)


def _filtered(every: list[CaseRow]) -> list[CaseRow]:
    words, status, suite = st.columns(3)
    with words:
        said = st.text_input("Find in names, questions, answers and reasons", key="find")
    with status:
        is_what = drawing.choose("What it is", cases.statuses(every), key="status")
    with suite:
        suites = [cases.ALL, *sorted({row.material.result.suite for row in every})]
        of_suite = drawing.choose("Of suite", suites, {"": "(no suite)"}, key="case-suite")
    return cases.picked(every, text=said, status=is_what or cases.ALL, suite=of_suite or cases.ALL)


def _case(result: CaseResult) -> None:
    drawing.say(f"{result.id}, {result.outcome}" + (f", tags {', '.join(result.tags)}" if result.tags else ""))
    if result.checks:
        drawing.table(cases.checks(result.checks), numbers=("score",))
    trials = {str(trial.index): cases.trial_name(trial) for trial in result.trials}
    chosen = drawing.choose("Trial", list(trials), trials, key="trial")
    trial = next((trial for trial in result.trials if str(trial.index) == chosen), None)
    if trial is not None:
        _trial(trial)


def _trial(trial: Trial) -> None:
    if trial.error:
        drawing.say(f"ended by {trial.error}", tone="open")
    for call in trial.calls:
        for role, content in cases.messages(call.request):
            drawing.quote(content, role)
        drawing.quote(call.text, "answer")
        for asked in call.tool_calls:
            drawing.quote(asked.text, f"calls {asked.name}")
        drawing.say(cases.took(call), small=True)
    if trial.checks:
        drawing.table(cases.checks(trial.checks), numbers=("score",))
    if not trial.calls and trial.checks and trial.checks[0].output:
        drawing.quote(trial.checks[0].output, "what was judged")
    if trial.judge_calls:
        with st.expander("What the judges were asked, and said"):
            for call in trial.judge_calls:
                for role, content in cases.messages(call.request):
                    drawing.quote(content, role)
                drawing.quote(call.text, "grade")
                drawing.say(cases.took(call), small=True)
