"""Session → one MLflow evaluation run, written by one process with ``MlflowClient``.

Never through ``mlflow.genai.evaluate``: on a SQLite store it took minutes and lost most rows. A run is known by its
session's id: sending a session again finds its run, and finishes it where an earlier attempt died half-way.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import warnings
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import usage
from pytest_llmeval.exports.deadline import within
from pytest_llmeval.exports.inert import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlflow import MlflowClient

    from pytest_llmeval.records import Json, Session, Summary

_LIMIT_S = 10.0  # of a server: its answers may come a byte a second
_SESSION_TAG = "llmeval.session"
_LONGEST_NAME = 110  # MLflow takes 250 for <suite>.<metric>/<figure>
_LONGEST_VALUE = 500  # a setting is short; MLflow takes 6000
_ENVIRONMENT = {
    # MLflow's own are 7 and 120: a dead server would hold the end of a test run for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    # No socket but the tracker that the user named.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # A line with an emoji on stdout ends a run whose log is ASCII.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def record(session: Session, *, uri: str, experiment: str = "llmeval", artifacts: Sequence[Path] = ()) -> str:
    """Write the session as a finished run, once, and return the run's id.

    Args:
        session: finished, with its summaries and verdict.
        uri: MLflow's tracking URI: ``sqlite:///path`` (whole ``mlflow``) or ``http(s)://host`` (``mlflow-skinny``).
        experiment: is made where it is missing.
        artifacts: files that are stored with the run, the session file among them.

    Returns:
        The id of the run, also where an earlier call had written it.

    Raises:
        LlmevalError: MLflow is not installed, cannot be reached or refuses; a later call completes the run.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        # pytest applies the user's ``filterwarnings = error`` at the end of the session, too.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _require(uri)
            with _muted():
                if not _is_remote(uri):
                    return _record(session, uri, experiment, artifacts)
                sent = f"the record of session {session.id!r} to MLflow at {_masked(uri)!r}"
                return within(_LIMIT_S, sent, lambda: _record(session, uri, experiment, artifacts))
    except LlmevalError:
        raise
    except Exception as error:  # MLflow lets out errors of SQLAlchemy, alembic and requests beside its own
        raise LlmevalError(
            f"session {session.id!r} is not in MLflow at {_masked(uri)!r}",
            found=_masked_cause(error, uri),
            hint="see that the tracker answers, then record it again: what is there already is not written twice",
        ) from error


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
            f"cannot record to MLflow at {_masked(uri)!r}: it is not installed",
            found=str(error),
            hint=f"pip install 'pytest-llmeval[{extra}]'",
        ) from error


def _is_remote(uri: str) -> bool:
    return urlsplit(uri).scheme in ("http", "https")


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


def _record(session: Session, uri: str, experiment: str, artifacts: Sequence[Path]) -> str:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    return _run(client, _experiment(client, experiment, uri), session, artifacts)


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


def _run(client: MlflowClient, experiment_id: str, session: Session, artifacts: Sequence[Path]) -> str:
    """Find or make the session's run; every write of it can be repeated without a trace."""
    from mlflow.entities import Metric, Param

    started_ms = int(usage.started_s(session) * 1000)
    found = client.search_runs([experiment_id], f"tags.`{_SESSION_TAG}` = '{session.id}'", max_results=1)
    run = found[0] if found else client.create_run(experiment_id, started_ms, _tags(session), run_name=session.id)
    run_id = str(run.info.run_id)
    if run.info.status == "FINISHED":
        return run_id
    metrics = [Metric(name, value, started_ms, 0) for name, value in _metrics(session).items()]
    client.log_batch(run_id, metrics, [Param(name, value) for name, value in _params(session).items()])
    client.log_dict(run_id, _verdict(session), "verdict.json")
    for path in artifacts:
        client.log_artifact(run_id, str(path))
    client.set_terminated(run_id, "FINISHED", started_ms + int(session.duration_s * 1000))
    return run_id


def _tags(session: Session) -> dict[str, str]:
    tags = {
        "mlflow.runType": "genai_evaluate",
        _SESSION_TAG: session.id,
        "mlflow.source.git.commit": session.commit,
        "mlflow.source.git.branch": session.branch,
        "llmeval.verdict": session.verdict.verdict.value if session.verdict else "",
        "llmeval.valid": str(not session.verdict.invalid).lower() if session.verdict else "",
    }
    return {name: value for name, value in tags.items() if value}


def _metrics(session: Session) -> dict[str, float]:
    """Return the session's figures by MLflow's names: ``<metric>/mean`` and so on.

    ``<metric>/mean`` is over all cases, so that its chart goes on when a suite is added; where there are several
    suites, each has its own figures as ``<suite>.<metric>/mean``. Of several variants each has its own: ``<metric>
    <variant>/mean``.
    """
    metrics: dict[str, float] = {
        "n_cases": len(session.results),
        "n_lost": len(session.lost),
        "duration_s": session.duration_s,
        **_bought(session),
    }
    comparisons = session.verdict.comparisons if session.verdict else ()
    compared = {(found.suite, found.metric, found.arm): found.drop for found in comparisons if found.n_compared}
    has_suites = len({summary.suite for summary in session.summaries}) > 1
    of_metric: dict[str, list[Summary]] = defaultdict(list)
    for summary in session.summaries:
        metric = f"{summary.metric} {summary.arm}" if summary.arm else summary.metric
        of_metric[metric].append(summary)
        drop = compared.get((summary.suite, summary.metric, summary.arm))
        prefix = f"{_name(summary.suite or 'session')}.{_name(metric)}" if has_suites else _name(metric)
        metrics |= _figures(prefix, [summary]) | ({} if drop is None else {f"{prefix}/drop": drop})
    for metric, summaries in of_metric.items():
        metrics |= _figures(_name(metric), summaries)
    return metrics


def _figures(prefix: str, summaries: Sequence[Summary]) -> dict[str, float]:
    """Return mean and counts over all cases of the summaries of one metric; no mean where nothing was scored."""
    figures: dict[str, float] = {
        f"{prefix}/n_scored": sum(summary.n_scored for summary in summaries),
        f"{prefix}/n_unscored": sum(summary.n_unscored for summary in summaries),
        f"{prefix}/n_below": sum(summary.n_below for summary in summaries),
    }
    means = [(summary.mean, summary.n_cases) for summary in summaries if summary.mean is not None]
    if len(means) == 1:
        figures[f"{prefix}/mean"] = means[0][0]  # the very number: weighing it would change its last bit
    elif means:
        figures[f"{prefix}/mean"] = math.fsum(mean * n for mean, n in means) / sum(n for _, n in means)
    return figures


def _bought(session: Session) -> dict[str, float]:
    bought = usage.measure(usage.asked(usage.responses(session)))
    figures: dict[str, float] = {"n_input_tokens": bought.n_input_tokens, "n_output_tokens": bought.n_output_tokens}
    return figures if bought.cost_usd is None else figures | {"cost_usd": bought.cost_usd}


def _params(session: Session) -> dict[str, str]:
    """Return the models under test, the settings and the versions, as short text."""
    named: dict[str, Json] = {
        "models": ", ".join(usage.models(session)),
        **session.settings,
        **{f"version.{name}": version for name, version in session.versions.items()},
    }
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in named.items()}
    return {_name(name): plain(text, limit=_LONGEST_VALUE) for name, text in texts.items()}


def _verdict(session: Session) -> dict[str, Json]:
    return {
        "verdict": asdict(session.verdict) if session.verdict else None,
        "summaries": [asdict(summary) for summary in session.summaries],
        "lost": list(session.lost),
        "stopped": session.stopped,
        "selection": session.selection,
    }


def _name(text: str) -> str:
    """Return a name MLflow takes: letters, digits, ``_ - .`` and blanks; a slash would be a folder."""
    return re.sub(r"[^\w. -]", "_", plain(text, limit=_LONGEST_NAME)).lstrip(".") or "_"


def _masked(uri: str) -> str:
    """Return the URI without its password."""
    password = urlsplit(uri).password
    return uri.replace(f":{password}@", ":***@") if password else uri


def _masked_cause(error: BaseException, uri: str) -> str:
    """Return an error and what lies at its root ("connection refused") as one line, without the URI's password."""
    root = error
    while root.__cause__ or root.__context__:
        root = root.__cause__ or root.__context__ or root
    told = [error] if root is error else [error, root]
    lines = (f"{type(one).__name__}: {one}".replace(uri, _masked(uri)) for one in told)
    return ", from ".join(plain(line, limit=150) for line in lines)
