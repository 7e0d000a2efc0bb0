"""The page that tries a prompt: what is asked, and by what it is scored."""

from dataclasses import replace

import pytest

from pytest_llmeval.commands.label.candidates import Collected
from pytest_llmeval.errors import UsageError
from pytest_llmeval.ui import trying
from pytest_llmeval.ui.trying import How, Prompt, Start
from tests.unit.sessions import QUESTION, session

SYSTEM = {"role": "system", "content": "Be kind."}
TURNS = (
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi"},
    {"role": "user", "content": "When?"},
)


def test_only_what_a_person_changed_is_changed():
    """The other messages of a conversation are asked as they were."""
    start = Start(messages=(SYSTEM, *TURNS))
    assert ("Be kind.", "When?") == (start.system, start.question)
    assert [SYSTEM, *TURNS] == trying.messages(start, Prompt("m", "Be kind.", "When?", ()))
    assert [{"role": "system", "content": "Be brief."}, *TURNS[:2], {"role": "user", "content": "Where?"}] == (
        trying.messages(start, Prompt("m", "Be brief.", "Where?", ()))
    )
    assert [*TURNS] == trying.messages(start, Prompt("m", "", "When?", ()))


def test_a_question_of_ones_own_needs_no_case():
    """Nothing is stored, and it is asked."""
    assert [SYSTEM, {"role": "user", "content": "When?"}] == trying.messages(
        Start(), Prompt("m", "Be kind.", "When?", ())
    )


def test_every_case_that_asked_a_model_can_be_begun_with():
    """With the recorded answer, and the metrics that judged it."""
    found = {start.name: start for start in trying.starts(session(), Collected(()))}
    start = found["test_refund[eu]"]
    assert ("openai/smollm2", QUESTION, "I am a language model.") == (start.model, start.question, start.recorded)
    assert {"relevance": How()} == start.metrics


def test_a_stored_session_does_not_say_where_a_key_is_sent():
    """An endpoint among the settings of a request is not asked; how to answer is as it was."""
    settings = {"temperature": 0.5, "api_base": "http://elsewhere.example", "base_url": "http://elsewhere.example"}
    found = session()
    result = found.results[0]
    call = result.trials[0].calls[0]
    call = replace(call, request=replace(call.request, settings=settings))
    results = (replace(result, trials=(replace(result.trials[0], calls=(call,)),)),)
    (start,) = trying.starts(replace(found, results=results), Collected(()))
    assert {"temperature": 0.5} == start.settings


def test_what_is_run_is_made_of_names_only():
    """A metric's name comes from a session's file: what is no name of Python is refused before anything runs."""
    lines = trying._lines(
        ("relevance", "own", "tone"), {"relevance": How(is_judged=True), "tone": How(criterion="Kind.")}
    )
    assert (
        "    measured('relevance', lambda: asked.assert_relevance(output, how='judge'), output)\n"
        "    measured('own', lambda: asked.assert_own(output, hard=False), output)\n"
        "    measured('tone', lambda: asked.assert_rubric(output, 'Kind.', metric='tone', expected=case.expected, "
        "source=case.context), output)\n"
    ) == "".join(lines)
    with pytest.raises(UsageError, match="no metric can be called"):
        list(trying._lines(("own(output); exit() #",), {}))
