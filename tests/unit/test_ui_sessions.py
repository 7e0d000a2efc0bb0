"""The page of sessions: the terminal's words, the means over time, the cases that somebody has to look at first."""

from dataclasses import replace

from pytest_llmeval.exports import headline, wording
from pytest_llmeval.exports.worst import worst_lines
from pytest_llmeval.gather import session_file
from pytest_llmeval.records import SessionVerdict, Verdict
from pytest_llmeval.ui import cases, history, reading, verdict
from pytest_llmeval.ui.text import BAD, Sentence
from tests.unit.sessions import QUESTION, REGRESSED, RELEVANCE, session


def test_a_verdict_is_said_in_the_words_of_the_terminal():
    """The same sentences by the same functions, the verdict's own first and in its tone."""
    said = list(verdict.sentences(session(exit_line="exit status 1: a metric regressed")))
    first, other = headline.brief(REGRESSED)
    assert [Sentence(first, BAD), Sentence("exit status 1: a metric regressed"), Sentence(other)] == said


def test_a_session_that_has_no_verdict_says_why():
    """Where it is invalid every reason stands first; without a gate the thresholds speak."""
    invalid = SessionVerdict(verdict=Verdict.NO_BASELINE, invalid=("there is no baseline",))
    assert Sentence("NO VERDICT POSSIBLE: there is no baseline", BAD) == next(
        verdict.sentences(session(verdict=invalid))
    )
    ungated = session(verdict=None, exit_status=1)
    assert Sentence(wording.without_gate(ungated, 1), BAD) == next(verdict.sentences(ungated))


def test_what_a_session_lacks_is_never_left_out():
    """Lost tests, a stop, a selection and judges that nobody has measured."""
    words = " ".join(
        said.words
        for said in verdict.sentences(
            session(lost=("a::b",), stopped="Ctrl-C", selection="-k refund", uncalibrated=("relevance",))
        )
    )
    for part in (
        "LOST: 1 test brought no result: a::b",
        "stopped early (Ctrl-C)",
        "a selection (-k refund)",
        "uncalib",
    ):
        assert part in words


def test_the_figures_are_those_of_the_terminals_table():
    """A row for each suite and metric, with the columns that a comparison has."""
    rows = verdict.figures(session())
    assert {"suite": "support", "metric": "relevance"} | wording.figures(RELEVANCE, REGRESSED.comparisons[0]) == rows[0]
    assert ["suite", "metric", "mean", "95 % interval", "scored"] == list(verdict.figures(session(verdict=None))[0])


def test_means_over_time_leave_out_what_ran_only_a_part():
    """A part's mean is of other cases; the oldest session comes first."""
    old, new = session(id="20260130T120000Z-aa"), session(id="20260131T120000Z-bb", branch="main")
    part = session(id="20260201T120000Z-cc", selection="-k x")
    points = history.points([part, new, old], "support")
    assert [("20260130T120000Z-aa", 0.55), ("20260131T120000Z-bb", 0.55)] == [
        (point["session"], point["mean"]) for point in points
    ]
    assert ["20260131T120000Z-bb"] == [
        point["session"] for point in history.points([new, old], "support", branch="main")
    ]
    assert ["summaries", "support"] == history.suites([new, old])


def test_cases_come_in_the_order_in_which_somebody_should_look():
    """Regressed, then failed, then the rest."""
    found = cases.rows(session())
    assert ["regressed", "failed", "passed"] == [row.status for row in found]
    assert ["test_refund[eu]", "test_faithful[news]", "test_refund[delivery]"] == [row.name for row in found]


def test_cases_are_picked_by_text_word_and_suite():
    """In names, questions, answers and reasons, whatever the case of the letters."""
    found = cases.rows(session())
    assert ["test_refund[eu]"] == [row.name for row in cases.picked(found, text="LANGUAGE model")]
    assert ["test_refund[eu]"] == [row.name for row in cases.picked(found, status="regressed")]
    assert ["test_faithful[news]"] == [row.name for row in cases.picked(found, suite="summaries")]
    assert [] == cases.picked(found, text="no such text")


def test_a_table_of_cases_has_a_column_for_each_metric():
    """A case without that metric has no number there, never a 0."""
    rows = {row["case"]: row for row in cases.cells(cases.rows(session()))}
    assert 0.3 == round(rows["test_refund[eu]"]["relevance"], 9)
    assert rows["test_refund[eu]"]["faithfulness"] is None
    assert (QUESTION, "I am a language model.") == (
        rows["test_refund[eu]"]["question"],
        rows["test_refund[eu]"]["answer"],
    )


def test_a_message_in_parts_is_told_as_its_texts():
    """An image has a name of its kind; whatever else a message holds is JSON."""
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "x"}}]
    assert "What is this?\n(image_url)" == cases.as_text(parts)
    assert '{\n "a": 1\n}' == cases.as_text({"a": 1})
    assert "" == cases.as_text(None)


def test_a_file_that_cannot_be_read_is_named_beside_those_that_can(tmp_path):
    """One broken session hides no other; a changed file is read again."""
    path = session_file.write(session(), tmp_path)
    (tmp_path / "sessions" / "20260101T000000Z-broken.jsonl").write_text("{}\n", encoding="utf-8")
    found = reading.stored(tmp_path)
    assert ([session().id], {session().id: path}) == ([head.id for head in found.heads], found.paths)
    assert ["20260101T000000Z-broken.jsonl is left out"] == [fault.partition(":")[0] for fault in found.faults]

    assert worst_lines(session()) == worst_lines(reading.session(path))
    session_file.write(replace(session(), branch="another-branch"), tmp_path)
    assert "another-branch" == reading.session(path).branch
