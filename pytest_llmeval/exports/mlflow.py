"""Session → one MLflow evaluation run, written by one process with ``MlflowClient``.

Never through ``mlflow.genai.evaluate``: on a SQLite store it took minutes and lost most rows. A run is known by its
session's id: sending a session again finds its run, and finishes it where an earlier attempt died half-way.
"""

from __future__ import annotations

import logging
import math
import os
import time
import warnings
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import mlflow_figures, mlflow_traces, usage
from pytest_llmeval.exports.deadline import within
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.mlflow_figures import SESSION_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlflow import MlflowClient

    from pytest_llmeval.records import Session

LIMIT_S = 10.0  # of a server: its answers may come a byte a second
_SHARE_OF_TRACES = 0.7  # of that time; the rest is for ending a run that then is whole
# MLflow's own are 7 and 120: a dead server would hold the end of a test run for minutes.
_HURRIED = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "4"}
_PATIENT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
_ENVIRONMENT = {
    # No socket but the tracker that the user named.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # A line with an emoji on stdout ends a run whose log is ASCII.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def record(
    session: Session,
    *,
    uri: str,
    experiment: str = "llmeval",
    artifacts: Sequence[Path] = (),
    traces: str = "none",
    limit_s: float = LIMIT_S,
    tell: Callable[[str], None] = lambda _: None,
) -> str:
    """Write the session as a finished run, once, and return the run's id.

    Args:
        session: finished, with its summaries and verdict.
        uri: MLflow's tracking URI: ``sqlite:///path`` (whole ``mlflow``) or ``http(s)://host`` (``mlflow-skinny``).
        experiment: is made where it is missing.
        artifacts: files that are stored with the run, the session file among them.
        traces: which cases get a trace with feedback: ``none``, ``failed`` (with regressed and new ones) or ``all``.
        limit_s: most seconds of a server after its library is imported, and of the traces after a local store is set
            up; infinite for no limit.
        tell: is told in one line of traces that did not fit in that time.

    Returns:
        The id of the run, also where an earlier call had written it.

    Raises:
        LlmevalError: MLflow is not installed, cannot be reached or refuses; a later call completes the run.
    """
    with reaching(
        uri,
        f"session {session.id!r} is not in MLflow at",
        hint="see that the tracker answers, then record it again: what is there already is not written twice",
        is_hurried=not math.isinf(limit_s),
    ):
        until_s = time.monotonic() + limit_s * _SHARE_OF_TRACES
        work = partial(_record, session, uri, experiment, artifacts, _Traces(traces, until_s, tell), limit_s)
        if not _is_remote(uri) or math.isinf(limit_s):
            return work()
        return within(limit_s, f"the record of session {session.id!r} to MLflow at {masked(uri)!r}", work)


@contextmanager
def reaching(uri: str, what: str, *, hint: str, is_hurried: bool = False) -> Iterator[None]:
    """Be ready to speak with a tracker; what goes wrong then is an error of ours, without the URI's password.

    Args:
        uri: MLflow's tracking URI.
        what: is not to be had, for the message, as the beginning of "... 'http://host'".
        hint: what to do.
        is_hurried: a test run ends with it; else a person waits, who wants an answer of a slow server rather than none.

    Raises:
        LlmevalError: MLflow is not installed, or whatever it let out.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        # pytest applies the user's ``filterwarnings = error`` at the end of the session, too.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _require(uri)
            with _muted(), _waiting(_HURRIED if is_hurried else _PATIENT):
                yield
    except LlmevalError:
        raise
    except Exception as error:  # MLflow lets out errors of SQLAlchemy, alembic and requests beside its own
        raise LlmevalError(f"{what} {masked(uri)!r}", found=_masked_cause(error, uri), hint=hint) from error


def _require(uri: str) -> None:
    """Import what the URI needs, or say what is to be installed."""
    is_remote = _is_remote(uri)
    try:
        import mlflow  # noqa: F401  # imported here so that its absence is told from every other failure

        if not is_remote:
            import sqlalchemy  # noqa: F401  # mlflow-skinny comes without it, and fails later with another message
    except ImportError as error:
        extra = "mlflow" if is_remote else "mlflow-local"
        raise LlmevalError(
            f"cannot record to MLflow at {masked(uri)!r}: it is not installed",
            found=str(error),
            hint=f"pip install 'pytest-llmeval[{extra}]'",
        ) from error


def _is_remote(uri: str) -> bool:
    return urlsplit(uri).scheme in ("http", "https")


@contextmanager
def _waiting(limits: Mapping[str, str]) -> Iterator[None]:
    """Set how long MLflow waits for a server, unless the user has; then as it was."""
    ours = {name: value for name, value in limits.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


@contextmanager
def _muted() -> Iterator[None]:
    """Keep MLflow's and alembic's notes on making tables off the user's terminal; their warnings stay."""
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


class _Traces(NamedTuple):
    """Which cases get a trace, until when on ``time.monotonic``, and who is told that some did not."""

    which: str
    until_s: float
    tell: Callable[[str], None]

    def write(self, client: MlflowClient, session: Session, run_id: str, uri: str) -> None:
        written = mlflow_traces.write(client, session, run_id, uri=uri, which=self.which, until_s=self.until_s)
        if self.which != "none":
            client.set_tag(run_id, "llmeval.traces", f"{written.n_written} of {written.n_wanted} {self.which}")
        if not written.is_whole:
            self.tell(
                f"llmeval: MLflow has {written.n_written} of {written.n_wanted} traces ({self.which}):"
                " there was no time for more at the end of a test run"
            )


def _record(
    session: Session, uri: str, experiment: str, artifacts: Sequence[Path], traces: _Traces, limit_s: float
) -> str:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = f"{session.tenant}/{experiment}" if session.tenant else experiment
    experiment_id = _experiment(client, experiment, uri)
    if not _is_remote(uri):
        # The first session makes sixty tables; its traces need not pay for that.
        traces = traces._replace(until_s=time.monotonic() + limit_s * _SHARE_OF_TRACES)
    run_id, is_new = _run(client, experiment_id, session, artifacts)
    if is_new or math.isinf(traces.until_s):  # who has all the time there is wants what had no time before
        traces.write(client, session, run_id, uri)
    if is_new:
        ended_ms = int((usage.started_s(session) + session.duration_s) * 1000)
        client.set_terminated(run_id, "FINISHED", ended_ms)
    return run_id


def _experiment(client: MlflowClient, name: str, uri: str) -> str:
    """Return the id of the experiment, which is made where it is missing."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=_artifact_location(uri)))
        except MlflowException:
            # Another session may have made it in between.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    return str(found.experiment_id)


def _artifact_location(uri: str) -> str | None:
    """Return a folder beside a SQLite file; MLflow's own choice would be ./mlruns, wherever pytest was started."""
    if not uri.startswith("sqlite:"):
        return None
    from sqlalchemy.engine import make_url

    database = make_url(uri).database
    if not database or database == ":memory:":
        return None
    path = Path(database).resolve()
    return path.with_name(f"{path.stem}-artifacts").as_uri()


def _run(client: MlflowClient, experiment_id: str, session: Session, artifacts: Sequence[Path]) -> tuple[str, bool]:
    """Find or make the session's run, and say whether it is still to be finished; every write can be repeated."""
    from mlflow.entities import Metric, Param

    started_ms = int(usage.started_s(session) * 1000)
    found = client.search_runs([experiment_id], f"tags.`{SESSION_TAG}` = '{session.id}'", max_results=1)
    run = (
        found[0]
        if found
        else client.create_run(experiment_id, started_ms, mlflow_figures.tags(session), run_name=session.id)
    )
    run_id = str(run.info.run_id)
    if run.info.status == "FINISHED":
        return run_id, False
    metrics = [Metric(name, value, started_ms, 0) for name, value in mlflow_figures.metrics(session).items()]
    client.log_batch(run_id, metrics, [Param(name, value) for name, value in mlflow_figures.params(session).items()])
    client.log_dict(run_id, mlflow_figures.verdict(session), "verdict.json")
    for path in artifacts:
        client.log_artifact(run_id, str(path))
    return run_id, True


def masked(uri: str) -> str:
    """Return the URI without its password."""
    password = urlsplit(uri).password
    return uri.replace(f":{password}@", ":***@") if password else uri


def _masked_cause(error: BaseException, uri: str) -> str:
    """Return an error and what lies at its root ("connection refused") as one line, without the URI's password."""
    root = error
    while root.__cause__ or root.__context__:
        root = root.__cause__ or root.__context__ or root
    told = [error] if root is error else [error, root]
    lines = (f"{type(one).__name__}: {one}".replace(uri, masked(uri)) for one in told)
    return ", from ".join(plain(line, limit=150) for line in lines)
