"""What people said in MLflow of the traces that ``mlflow_traces`` wrote: plain values, as they stand there.

Answers to the questions of a Review queue, thumbs and comments beside a trace, corrections of our own feedback: MLflow
keeps all of them as assessments whose source is HUMAN. One that another has taken the place of is not valid any more.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from pytest_llmeval.errors import UsageError
from pytest_llmeval.exports.mlflow import masked, reaching
from pytest_llmeval.exports.mlflow_figures import SESSION_TAG
from pytest_llmeval.exports.mlflow_identity import REQUEST_ID, SOURCE_RUN
from pytest_llmeval.exports.mlflow_traces import tracing_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlflow import MlflowClient
    from mlflow.entities import Trace

    from pytest_llmeval.records import Json

_PAGE = 500
_TRIAL = re.compile(r"trial (\d+)")
_HUMAN = "HUMAN"


class Assessed(NamedTuple):
    """What one person said of one trace.

    Args:
        session: id of the session that the trace is of.
        run_id: of its run, which has the session's file.
        request_id: who the case is, as ``mlflow_identity.request_id`` names it.
        case: the same for a person.
        trial: from 0, where the trial's own span was assessed; None where the whole trace was.
        name: the question, or the metric.
        value: as MLflow has it.
        who: the person.
        at_ms: when it was said, or changed last; milliseconds since 1970.
        why: the comment.
        is_expectation: whether it says what the answer should have been.
    """

    session: str
    run_id: str
    request_id: str
    case: str
    trial: int | None
    name: str
    value: Json
    who: str
    at_ms: int
    why: str
    is_expectation: bool


class Tracker:
    """One experiment of a tracker, while it is read.

    Args:
        client: of the tracker.
        experiment_id: of the experiment.
    """

    def __init__(self, client: MlflowClient, experiment_id: str) -> None:
        self._client = client
        self._experiment_id = experiment_id
        self._sessions: dict[str, str] = {}

    def assessed(self) -> list[Assessed]:
        """Return all that people said of our traces and that still stands, the first said first."""
        found = [one for trace in self._traces() for one in self._of_trace(trace)]
        return sorted(found, key=lambda one: (one.at_ms, one.session, one.case, one.name, one.who))

    def scales(self) -> dict[str, tuple[float, float]]:
        """Return the least and the greatest value of each numeric question of the Review queues, by name."""
        from mlflow.exceptions import MlflowException

        try:
            from mlflow.genai.label_schemas import list_label_schemas

            schemas = list_label_schemas(experiment_id=self._experiment_id)
        except (ImportError, MlflowException):  # an older MLflow, or mlflow-skinny: there are no such questions
            return {}
        spans = {
            schema.name: (getattr(schema.input, "min_value", None), getattr(schema.input, "max_value", None))
            for schema in schemas
        }
        return {name: (low, high) for name, (low, high) in spans.items() if low is not None and high is not None}

    def session_file(self, run_id: str, folder: Path) -> Path | None:
        """Fetch the session's file from a run's artifacts; None where it has none."""
        names = [item.path for item in self._client.list_artifacts(run_id) if item.path.endswith(".jsonl")]
        return Path(self._client.download_artifacts(run_id, names[0], str(folder))) if names else None

    def _traces(self) -> Iterator[Trace]:
        token = None
        while True:
            page = self._client.search_traces(
                locations=[self._experiment_id], include_spans=False, max_results=_PAGE, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _of_trace(self, trace: Trace) -> Iterator[Assessed]:
        info = trace.info
        run_id = (info.trace_metadata or {}).get(SOURCE_RUN, "")
        said = [one for one in info.assessments or () if one.source.source_type == _HUMAN and one.valid is not False]
        session = self._session_of(run_id) if said and run_id and REQUEST_ID in info.tags else ""
        if not session:
            return
        for one in said:
            said_so = one.feedback or one.expectation
            if said_so is None:  # a link to an issue
                continue
            yield Assessed(
                session=session,
                run_id=run_id,
                request_id=info.tags[REQUEST_ID],
                case=info.tags.get("llmeval.case", ""),
                trial=self._trial_of(info.trace_id, one.span_id) if one.span_id else None,
                name=one.name,
                value=said_so.value,
                who=one.source.source_id or "",
                at_ms=int(one.last_update_time_ms or one.create_time_ms or 0),
                why=one.rationale or "",
                is_expectation=one.expectation is not None,
            )

    def _session_of(self, run_id: str) -> str:
        from mlflow.exceptions import MlflowException

        if run_id not in self._sessions:
            try:
                tags: Mapping[str, str] = self._client.get_run(run_id).data.tags
            except MlflowException:  # somebody has deleted the run, and left its traces
                tags = {}
            self._sessions[run_id] = tags.get(SESSION_TAG, "")
        return self._sessions[run_id]

    def _trial_of(self, trace_id: str, span_id: str) -> int | None:
        spans = {span.span_id: span for span in self._client.get_trace(trace_id).data.spans}
        span = spans.get(span_id)
        while span is not None:
            if named := _TRIAL.fullmatch(span.name):
                return int(named[1]) - 1
            span = spans.get(span.parent_id)
        return None


@contextmanager
def tracker(uri: str, experiment: str) -> Iterator[tuple[Tracker, Path]]:
    """Read an experiment; with it comes a folder for what is fetched, which is deleted then.

    Args:
        uri: MLflow's tracking URI.
        experiment: its name.

    Raises:
        UsageError: there is no such experiment.
        LlmevalError: MLflow is not installed, cannot be reached or refuses.
    """
    with (
        TemporaryDirectory(prefix="llmeval-") as folder,
        reaching(uri, "labels cannot be read from MLflow at", hint="see that the tracker answers"),
        tracing_to(uri),
    ):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri)
        found = client.get_experiment_by_name(experiment)
        if found is None:
            raise UsageError(
                f"MLflow at {masked(uri)!r} has no experiment {experiment!r}",
                hint="say --experiment NAME, or record a session there: pytest --llmeval-mlflow",
            )
        yield Tracker(client, str(found.experiment_id)), Path(folder)
