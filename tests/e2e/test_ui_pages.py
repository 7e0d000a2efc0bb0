"""The pages of ``llmeval ui``, run by Streamlit's AppTest: what a person sees and presses, without a browser."""

from __future__ import annotations

import html
import re

import pytest

from pytest_llmeval.loopback import Loopback
from pytest_llmeval.records import Plan, Variant
from tests.e2e.pages import NEW, OLD, answered, labels, write_project
from tests.unit.sessions import session

# Collected where the extra is not installed as well, and left out there.
AppTest = pytest.importorskip("streamlit.testing.v1").AppTest

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]

_SCRIPT = """
from pytest_llmeval.commands import project
from pytest_llmeval.ui.pages import site

found = project.find({root!r})
site.show(found, site.pages(found.root / "labels.jsonl")["{page}"][1])
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project, and a person whose name git does not know."""
    monkeypatch.setenv("USER", "ada")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    return write_project(tmp_path)


def open_(page, root) -> AppTest:
    """Draw a page of a project."""
    return _drawn(AppTest.from_string(_SCRIPT.format(page=page, root=str(root)), default_timeout=120).run())


def _drawn(at: AppTest) -> AppTest:
    assert [] == [one.message for one in at.exception]
    return at


def words(at: AppTest) -> str:
    """Return all texts that a page draws by markup of ours, as a person reads them."""
    return html.unescape(re.sub(r"<[^>]+>", " ", " ".join(one.proto.body for one in at.get("html"))))


def cells(at: AppTest, place: int = 0) -> list[dict[str, object]]:
    """Return the rows of a table."""
    return at.dataframe[place].value.to_dict("records")


def test_sessions_are_listed_and_one_is_shown_with_its_verdict_first(root):
    """The newest is shown: its sentences, its figures, its cases, the answers of one of them."""
    at = open_("sessions", root)
    assert [NEW, OLD] == [row["id"] for row in cells(at, -1)]
    assert "REGRESSED" in at.get("html")[0].proto.body
    said = words(at)
    for part in ("test_refund[eu]: relevance fell from 0.9 to 0.3", f"session {NEW}", "I am a language model. 0"):
        assert part in said
    assert ["support", "summaries"] == [row["suite"] for row in cells(at, 0)]

    at.selectbox(key="session").select(OLD)
    _drawn(at.run())
    at.selectbox(key="case").select("tests/test_support.py::test_refund[a]")
    assert "Within 30 days, yes. 0" in words(_drawn(at.run()))


def test_cases_are_found_by_a_word_and_a_trial_is_chosen(root):
    """The table, the case and its trials follow what was typed."""
    at = open_("sessions", root)
    at.text_input(key="find").input("three days")
    _drawn(at.run())
    assert "1 of 2 cases" in words(at)
    assert ["test_refund[b]"] == [row["case"] for row in cells(at, 1)]
    at.selectbox(key="trial").select("1")
    assert "In three days. 1" in words(_drawn(at.run()))


def test_a_project_without_sessions_says_what_to_do(tmp_path):
    """No page fails where there is nothing yet."""
    for page in ("sessions", "compare", "label"):
        assert "session" in words(open_(page, tmp_path))
    assert "There are no labels yet" in words(open_("agreement", tmp_path))
    assert open_("try", tmp_path).button(key="ask").disabled


def test_two_sessions_stand_side_by_side(root):
    """The older one first, the largest fall first, the differing words marked."""
    at = open_("compare", root)
    assert "if the first were the baseline (called main here): " in words(at)
    first = cells(at)[0]
    assert ("changed", -0.733) == (first[""], round(first["change"], 3))
    assert any("<ins>I am a language model" in one.proto.body for one in at.get("html"))

    at.selectbox(key="order").select("largest rise first")
    _drawn(at.run())
    assert 0.0 == cells(at)[0]["change"]


def test_two_models_of_one_session_stand_side_by_side(root):
    """Where a session has variants, they can be chosen in place of two sessions."""
    from dataclasses import replace

    arms = tuple(
        replace(answered("a", scores, text), arm=arm, nodeid=f"a-{arm}")
        for arm, scores, text in (("small", (0.1, 0.2), "No."), ("large", (0.9, 0.8), "Yes."))
    )
    variants = (Variant(name="small"), Variant(name="large"))
    write_project(
        root, session(id="20260201T120000Z-cc", results=arms, verdict=None, plan=Plan(variants=variants), summaries=())
    )
    at = open_("compare", root)
    at.radio(key="kind").set_value("Two models or prompts of one session")
    _drawn(at.run())
    assert ["small", "large"] == [at.selectbox(key=f"side-{name}").value for name in ("First", "Second")]
    assert any("<ins>Yes" in one.proto.body for one in at.get("html"))


def test_an_answer_is_labelled_before_its_score_is_seen(root):
    """One line in the file; score and reason are nowhere on the page until it is there."""
    at = open_("label", root)
    at.selectbox(key="label-by").select("random")
    _drawn(at.run())
    assert "shares" not in words(at)
    assert "threshold" not in words(at)
    at.text_input(key=next(one.key for one in at.text_input if one.label.startswith("Why"))).input("It evades.")
    at.button(key="say-b").click()
    _drawn(at.run())

    (line,) = labels(root)
    assert ("relevance", 0.0, "ada", "It evades.", "random", NEW) == tuple(
        line[name] for name in ("metric", "label", "who", "why", "picked", "session")
    )
    assert "shares" in words(at)
    assert "ada: 1 labelled, 0 good, 1 bad; 1 of them picked at random" in words(at)

    at.button(key="next").click()
    _drawn(at.run())
    assert "shares" not in words(at)
    assert "5 left" in words(at)


def test_a_slip_is_mended_by_another_line(root):
    """Nothing is taken out of the file: the last label of a person is the one that counts."""
    at = open_("label", root)
    at.button(key="say-g").click()
    _drawn(at.run())
    at.button(key="slip-b").click()
    _drawn(at.run())
    assert [1.0, 0.0] == [line["label"] for line in labels(root)]
    assert "ada: 1 labelled, 0 good, 1 bad" in words(at)


def test_what_is_put_off_comes_last(root):
    """The next one is shown; when nothing else is left, what was put off can be shown again."""
    at = open_("label", root)
    at.selectbox(key="label-by").select("threshold")
    _drawn(at.run())
    for _ in range(6):
        at.button(key="skip").click()
        _drawn(at.run())
    assert "Nothing is left to label here but what you put off" in words(at)
    assert [] == labels(root)


def test_a_nameless_person_cannot_label(root):
    """People are set against each other by their names."""
    at = open_("label", root)
    at.text_input[0].input("")
    _drawn(at.run())
    assert "Who are you?" in words(at)
    assert [] == list(at.button)


def test_a_file_of_labels_that_cannot_be_read_is_told_by_its_line(root):
    """The error's own words, and no traceback."""
    (root / "labels.jsonl").write_text("{}\n", encoding="utf-8")
    for page in ("label", "agreement"):
        assert "labels.jsonl:1 is not a label" in words(open_(page, root))


def test_agreement_is_measured_as_the_command_measures_it(root):
    """The report of ``llmeval judge check``, word for word, and what it stored."""
    at = open_("label", root)
    at.selectbox(key="label-by").select("random")
    _drawn(at.run())
    for number in range(6):
        at.button(key="say-g" if number % 2 else "say-b").click()
        _drawn(at.run())
        at.button(key="next").click()
        _drawn(at.run())
    assert 6 == len(labels(root))

    at = open_("agreement", root)
    assert [("relevance", "ada", "6")] == [(row["metric"], row["who"], row["labels"]) for row in cells(at)]
    at.button(key="measure").click()
    _drawn(at.run())
    report = at.code[0].value
    assert report.startswith("relevance, version ")
    assert "6 labelled answers" in report
    assert "threshold" in at.get("html")[-1].proto.body
    assert "running pytest" in at.code[1].value
    assert (root / "calibration" / "relevance.jsonl").exists()
    assert 6 == cells(at, 1)[0]["labelled answers"]


_CONFTEST = """
import pytest_llmeval


@pytest_llmeval.metric(threshold=0.5)
def brevity(output):
    return len(output.split()) <= 3, f"{len(output.split())} words"
"""


@pytest.fixture
def asked(root):
    """The project's provider, and its requests."""
    with Loopback(lambda asked: f"You said {asked['messages'][-1]['content']}") as server:
        write_project(root, ini=f"llmeval_api_base = {server.url}\n")
        (root / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
        yield server.requests


def test_a_prompt_is_tried_by_the_projects_own_settings_and_metrics(root, asked):
    """The model is asked once; the new answer and the recorded one are scored alike, by a metric of the user's too."""
    write_project(root, session(id="20260202T120000Z-dd", results=(_brief(),)), ini=_api_base(root))
    at = open_("try", root)
    at.text_area[0].input("Be brief.")
    at.text_area[1].input("When?")
    _drawn(at.run())
    assert ["relevance", "brevity"] == at.multiselect[0].value
    at.button(key="ask").click()
    _drawn(at.run())

    (request,) = asked
    assert [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "When?"}] == request.body[
        "messages"
    ]
    assert any("<ins>You said When?</ins>" in one.proto.body for one in at.get("html"))
    by_metric = {row["metric"]: row for row in cells(at)}
    assert (0.0, 1.0, "3 words") == tuple(by_metric["brevity"][name] for name in ("recorded", "tried", "reason, tried"))
    assert by_metric["relevance"]["recorded"] is not None
    assert [] == list((root / ".llmeval").glob("tried*"))

    at.button(key="ask").click()
    _drawn(at.run())
    assert 1 == len(asked), "asked again it is replayed"
    assert "replayed" in words(at)


def test_a_metric_that_cannot_be_asked_here_says_why(root, asked):
    """One that the test computes by itself has no name to be asked by; the others are scored all the same."""
    at = open_("try", root)
    at.multiselect[0].set_value(["relevance", "correctness"])
    _drawn(at.run())
    at.button(key="ask").click()
    _drawn(at.run())
    by_metric = {row["metric"]: row for row in cells(at)}
    assert by_metric["relevance"]["tried"] is not None
    assert "expected" in by_metric["correctness"]["reason, tried"]


def test_a_provider_that_fails_is_told_as_it_is(root):
    """The error's own words, and no score."""
    write_project(root, ini="llmeval_api_base = http://127.0.0.1:9/v1\n")
    at = open_("try", root)
    at.button(key="ask").click()
    _drawn(at.run())
    assert "ended by" in words(at)
    assert "127.0.0.1" in words(at)


def _brief():
    from dataclasses import replace

    from pytest_llmeval.records import Check, Score

    one = answered("a", (0.9,), "Within 30 days, yes, of course.")
    trial = one.trials[0]
    own = Check(score=Score(metric="brevity", value=0.0), threshold=0.5, origin=trial.checks[0].origin)
    return replace(one, trials=(replace(trial, checks=(*trial.checks, own)),))


def _api_base(root) -> str:
    return (root / "pytest.ini").read_text(encoding="utf-8").partition("openai/m\n")[2]
