"""Experts label in MLflow, and ``llmeval label import`` brings it back as labels of the very answers they saw."""

from __future__ import annotations

import json
import math
import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmeval.commands import main
from pytest_llmeval.datasets import labels
from pytest_llmeval.exports.mlflow import record
from pytest_llmeval.gather import session_file
from pytest_llmeval.records import CaseResult, Check, Score, Trial
from pytest_llmeval.records.score import CaseId
from tests.e2e import servers
from tests.unit.sessions import SUPPORT, answer, relevance, session

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]


DOCS = Path(__file__).parents[2] / "docs" / "labels.md"


def _trial(index, text, value):
    """One answer, by two metrics, with the identity that a draw has."""
    call = answer(text, trial=index, origin=f"draw of {text}")
    checks = (relevance(value, text), Check(score=Score(metric="safety", value=1.0), output=text))
    return Trial(index=index, checks=tuple(replace(one, origin=call.origin) for one in checks), calls=(call,))


def _case(name, *texts):
    trials = tuple(_trial(index, text, 0.5) for index, text in enumerate(texts))
    return CaseResult(nodeid=f"{SUPPORT}[{name}]", id=CaseId(SUPPORT, name), n_planned=len(trials), trials=trials)


RESULTS = (_case("eu", "Within 30 days."), _case("us", "Yes.", "No.", "No."), _case("uk", "It is."))


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """An MLflow database with nothing but its tables."""
    path = tmp_path_factory.mktemp("mlflow") / "template.db"
    record(session(), uri=f"sqlite:///{path}", experiment="template")
    return path


class Experts:
    """A project with a session in MLflow, and people who look at its traces there."""

    def __init__(self, folder, uri):
        self.folder, self.uri = folder, uri
        self.path = folder / "labels.jsonl"
        self.session = session(results=RESULTS, verdict=None)
        (folder / "pytest.ini").write_text("[pytest]\n")
        self.file = session_file.write(self.session, folder / ".llmeval")
        self.run = run = record(self.session, uri=uri, artifacts=[self.file], traces="all", limit_s=math.inf)
        import mlflow

        mlflow.set_tracking_uri(uri)
        client = mlflow.MlflowClient(uri)
        self.experiment = client.get_run(run).info.experiment_id
        found = client.search_traces(locations=[self.experiment], run_id=run)
        self.traces = {trace.info.tags["llmeval.case"].partition("[")[2][:-1]: trace for trace in found}

    def says(self, case, name, value, who="anna", **more):
        """Let one of them give feedback."""
        import mlflow
        from mlflow.entities import AssessmentSource

        source = AssessmentSource(source_type="HUMAN", source_id=who)
        trace_id = self.traces[case].info.trace_id
        return mlflow.log_feedback(trace_id=trace_id, name=name, value=value, source=source, **more)

    def imports(self, *arguments):
        """Run the command, and return the labels of the file."""
        assert 0 == main(["label", "import", "--uri", self.uri, "--rootdir", str(self.folder), *arguments])
        return [label for _, label in labels.read(self.path, "labels.jsonl")] if self.path.exists() else []


@contextmanager
def _at(uri):
    import mlflow

    before = mlflow.get_tracking_uri()
    try:
        yield uri
    finally:
        mlflow.set_tracking_uri(before)


@pytest.fixture
def experts(template, tmp_path):
    """Over a SQLite file of the test's own."""
    path = tmp_path / "mlflow.db"
    path.write_bytes(template.read_bytes())
    with _at(f"sqlite:///{path}") as uri:
        yield Experts(tmp_path, uri)


def test_feedback_becomes_a_label_of_the_answer_it_was_given_to(experts):
    """With session, test, case, trial, metric, origin, person, time and comment; request and answer in full."""
    experts.says("eu", "relevance", value=True, rationale="names the term")

    (label,) = experts.imports()

    assert ("relevance", 1.0, "anna", "names the term") == (label.metric, label.value, label.who, label.why)
    assert ("Can I return opened headphones?", "Within 30 days.") == (label.input, label.output)
    judged = label.judged
    assert (experts.session.id, SUPPORT, "eu", 0, "draw of Within 30 days.") == (
        judged.session,
        judged.test,
        judged.case,
        judged.trial,
        judged.origin,
    )
    assert "Z" == label.when[-1]
    assert "" == label.picked


def test_a_second_import_adds_nothing_and_a_changed_label_counts_once(experts, capsys):
    """Changed in place, or overridden by another: both are a new line of a later time, and the later one stands."""
    import mlflow
    from mlflow.entities import AssessmentSource, Feedback

    from pytest_llmeval.records.label import standing

    first = experts.says("eu", "relevance", value=True)
    second = experts.says("uk", "relevance", value=True)
    assert 2 == len(experts.imports())
    before = experts.path.read_bytes()
    assert 2 == len(experts.imports())
    assert before == experts.path.read_bytes()
    assert "0 labels written" in capsys.readouterr().out

    source = AssessmentSource(source_type="HUMAN", source_id="anna")
    mlflow.update_assessment(
        first.trace_id, first.assessment_id, Feedback(name="relevance", value=False, source=source, rationale="no")
    )
    mlflow.override_feedback(trace_id=second.trace_id, assessment_id=second.assessment_id, value=False, source=source)
    every = experts.imports()

    assert 4 == len(every)
    assert [0.0, 0.0] == [label.value for label in standing(every)]
    assert 4 == len(experts.imports())


def test_a_correction_of_our_own_score_is_a_label_and_our_score_is_none(experts):
    """What a person put in the place of our feedback; feedback of code and of judges is no person's."""
    import mlflow
    from mlflow.entities import AssessmentSource

    (ours,) = [one for one in experts.traces["eu"].info.assessments if one.name == "relevance"]
    mlflow.override_feedback(
        trace_id=ours.trace_id,
        assessment_id=ours.assessment_id,
        value=0.25,
        source=AssessmentSource(source_type="HUMAN", source_id="ben"),
    )

    (label,) = experts.imports()

    assert ("ben", 0.25, "relevance") == (label.who, label.value, label.metric)


def test_several_trials_are_several_answers(experts, capsys):
    """The span of a trial, or of a call in it, says which is meant; a trace as a whole does not, and is named."""
    spans = {span.name: span for span in experts.traces["us"].data.spans}
    call = next(span for span in experts.traces["us"].data.spans if span.parent_id == spans["trial 3"].span_id)
    experts.says("us", "relevance", value=True, span_id=spans["trial 2"].span_id)
    experts.says("us", "relevance", value=False, span_id=call.span_id)
    experts.says("us", "relevance", value=False, who="ben")

    found = experts.imports()

    assert [(1, "No.", 1.0), (2, "No.", 0.0)] == [(one.judged.trial, one.output, one.value) for one in found]
    out = capsys.readouterr().out
    assert "1 assessment left out:" in out
    assert "'relevance' of several trials at once" in out


def test_answers_of_a_review_queue_come_back(experts):
    """The queue that docs/labels.md makes: its questions, its items, the answers; numbers by their question's scale."""
    from mlflow.genai import label_schemas, review_queues

    (example,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    names = {"RUN": experts.run}
    exec(compile(example, str(DOCS), "exec"), names)  # noqa: S102 - our own documentation
    span = label_schemas.InputNumeric(min_value=0, max_value=10)
    label_schemas.create_label_schema("How safe?", type="feedback", input=span, experiment_id=experts.experiment)
    queue = names["queue"].queue_id
    cases = {trace.info.trace_id: case for case, trace in experts.traces.items()}
    assert set(cases) == {item.item_id for item in review_queues.list_review_queue_items(queue)}
    for trace_id, case in cases.items():
        if case != "us":  # of several answers
            experts.says(case, "relevance", value=case == "eu")
        review_queues.set_review_queue_item_status(queue, item_id=trace_id, status="complete", completed_by="anna")
    experts.says("eu", "How safe?", value=8)

    found = experts.imports("--name", "How safe?=safety")

    assert [("relevance", 0.0), ("relevance", 1.0), ("safety", 0.8)] == sorted(
        (label.metric, label.value) for label in found
    )


VALUES = [
    ("a", [True, False], [1.0, 0.0]),
    ("b", [0, 1, 0.5], [0.0, 1.0, 0.5]),
    ("c", [1, 3, 5], [0.0, 0.5, 1.0]),
    ("d", ["yes", "No", "PASS", "fail", "good", "bad"], [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]),
    ("e", ["4", "5"], [0.75, 1.0]),
]


def test_what_is_understood_is_read_and_the_rest_is_named(experts, capsys):
    """Booleans, 0 to 1, 1 to 5, words; no guess at anything else, and no metric that nobody has said."""
    for name, said, _ in VALUES:
        for number, value in enumerate(said):
            experts.says("uk", name, value, who=f"expert {number}")
    for value in ("somewhat", ["good"], 17):
        experts.says("uk", "relevance", value)
    experts.says("uk", "tone", "good")

    found = experts.imports(*(f"--name={name}=relevance" for name, *_ in VALUES))

    assert sorted(value for *_, values in VALUES for value in values) == sorted(label.value for label in found)
    out = " ".join(capsys.readouterr().out.split())
    assert "4 assessments left out" in out
    assert "'relevance' = 'somewhat': no value that can be read" in out
    assert "'relevance' = 17: no value" in out
    assert "'tone': no metric of the case (relevance, safety); --name 'tone=METRIC' says which it is" in out


def test_a_question_of_no_metric_yet_can_be_one(experts):
    """People may judge what nobody measures so far: the label has the answer, and the name it is given."""
    experts.says("eu", "Is it polite?", value=True)

    (label,) = experts.imports("--name", "Is it polite?=politeness")

    assert ("politeness", 1.0, "Within 30 days.") == (label.metric, label.value, label.output)


def test_what_an_answer_should_have_been_is_the_reference_of_its_labels(experts, capsys):
    """An expectation of MLflow's own name, said before or after; any other is named."""
    import mlflow
    from mlflow.entities import AssessmentSource

    source = AssessmentSource(source_type="HUMAN", source_id="anna")
    experts.says("eu", "relevance", value=True)
    trace_id = experts.traces["eu"].info.trace_id
    mlflow.log_expectation(trace_id=trace_id, name="expected_response", value="30 days", source=source)
    mlflow.log_expectation(trace_id=trace_id, name="mood", value="fine", source=source)

    (label,) = experts.imports()

    assert "30 days" == label.expected
    assert (
        "'mood': an expectation is read if it is named expected_response or expected_facts" in capsys.readouterr().out
    )


def test_a_session_that_is_not_here_is_fetched_with_its_run(experts):
    """The labels of a CI run, imported on a laptop."""
    experts.says("eu", "relevance", value=True)
    for path in (experts.folder / ".llmeval").rglob("*.jsonl"):
        path.unlink()

    (label,) = experts.imports()

    assert "Within 30 days." == label.output


def test_what_cannot_be_reached_is_said_in_three_lines(tmp_path, capsys):
    """No address, no experiment of that name."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    assert 4 == main(["label", "import", "--rootdir", str(tmp_path)])
    assert "nobody says where MLflow is" in capsys.readouterr().err
    uri = f"sqlite:///{tmp_path / 'new.db'}"
    assert 4 == main(["label", "import", "--rootdir", str(tmp_path), "--uri", uri, "--experiment", "nope"])
    assert "has no experiment 'nope'" in capsys.readouterr().err


def test_a_server_with_postgresql_behind_it_gives_the_same(tmp_path):
    """Over HTTP, with the session from the server's artifacts."""
    with servers.postgres(tmp_path) as store, servers.mlflow(tmp_path, store) as url, _at(url):
        project = tmp_path / "project"
        project.mkdir()
        experts = Experts(project, url)
        experts.says("eu", "relevance", value=True, rationale="names the term")
        experts.says("uk", "relevance", value=False, who="ben")
        experts.file.unlink()

        found = experts.imports()

        assert [("anna", 1.0, "eu"), ("ben", 0.0, "uk")] == [
            (label.who, label.value, label.judged.case) for label in found
        ]
        assert found == experts.imports()
        assert all("relevance" == json.loads(line)["metric"] for line in experts.path.read_text().splitlines())
