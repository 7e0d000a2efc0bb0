"""What an MLflow run holds of a session: tags, metrics under MLflow's names, params, the verdict as a document."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

from pytest_llmeval.exports import agreement, headline, usage
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.markdown_text import prose
from pytest_llmeval.records import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmeval.records import Json, Session, Summary

SESSION_TAG = "llmeval.session"
_LONGEST_NAME = 110  # MLflow takes 250 for <suite>.<metric>/<figure>
_MOST_FIGURES = 50  # of one log_batch, as far as those of judges go; MLflow takes 1,000
_OF_JUDGES = ("agreement", "agreement_lower", "labels", "ac1", "tpr", "tnr")
_LONGEST_VALUE = 500  # a setting is short; MLflow takes 6000
_MOST_SENTENCES = 20


def tags(session: Session) -> dict[str, str]:
    """Return what the run is found and filtered by; what is unknown is left out."""
    named = {
        "mlflow.runType": "genai_evaluate",
        SESSION_TAG: session.id,
        "llmeval.tenant": session.tenant,
        "mlflow.source.git.commit": session.commit,
        "mlflow.source.git.branch": session.branch,
        "llmeval.verdict": session.verdict.verdict.value if session.verdict else "",
        "mlflow.note.content": _described(session),
        "llmeval.valid": str(not session.verdict.invalid).lower() if session.verdict else "",
        "llmeval.uncalibrated": plain(", ".join(session.uncalibrated), limit=_LONGEST_VALUE),
    }
    return {name: value for name, value in named.items() if value}


def _described(session: Session) -> str:
    """Return what MLflow shows of a run above its figures: the exit status and the verdict's sentences, as Markdown."""
    sentences = (*session.verdict.invalid, *headline.brief(session.verdict)) if session.verdict else ()
    said = [f"- {prose(text)}" for text in dict.fromkeys(sentences) if text not in session.exit_line]
    ending = [f"**{prose(session.exit_line)}**", ""] if session.exit_line else []
    return "\n".join([*ending, *said[:_MOST_SENTENCES]])


def metrics(session: Session) -> dict[str, float]:
    """Return the session's figures by MLflow's names: ``<metric>/mean`` and so on.

    ``<metric>/mean`` is over all cases, so that its chart goes on when a suite is added; where there are several
    suites, each has its own figures as ``<suite>.<metric>/mean``. Of several variants each has its own: ``<metric>
    <variant>/mean``.
    """
    figures: dict[str, float] = {
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
        figures |= _figures(prefix, [summary]) | ({} if drop is None else {f"{prefix}/drop": drop})
    for metric, summaries in of_metric.items():
        figures |= _figures(_name(metric), summaries)
    figures |= _judges(session, _MOST_FIGURES - len(figures))
    # MLflow's page of runs has room for the first few.
    return {name: value for name, value in figures.items() if name.endswith("/mean")} | figures


def _judges(session: Session, room: int) -> dict[str, float]:
    """Return how far each judge agrees with people; of many metrics as much of it as there is room for.

    What stands first is what a chart is made of; ``verdict.json`` has all of it.
    """
    weak = {_name(metric): agreement.weakest(found) for metric, found in agreement.versions(session).items()}
    known = {name: agreement.figures(one) for name, one in weak.items() if one is not None}
    every = [(f"{name}/{part}", of[part]) for part in _OF_JUDGES for name, of in known.items() if part in of]
    return dict(every[: max(room, 0)])


def _figures(prefix: str, summaries: Sequence[Summary]) -> dict[str, float]:
    """Return mean and counts over all cases of the summaries of one metric; no mean where nothing was scored.

    The mean's 95 % interval is known of one summary alone.
    """
    figures: dict[str, float] = {
        f"{prefix}/n_scored": sum(summary.n_scored for summary in summaries),
        f"{prefix}/n_unscored": sum(summary.n_unscored for summary in summaries),
        f"{prefix}/n_below": sum(summary.n_below for summary in summaries),
    }
    means = [(summary.mean, summary.n_cases) for summary in summaries if summary.mean is not None]
    if len(means) == 1:
        figures[f"{prefix}/mean"] = means[0][0]  # the very number: weighing it would change its last bit
        bounds = {"low": summaries[0].low, "high": summaries[0].high} if len(summaries) == 1 else {}
        figures |= {f"{prefix}/{end}": bound for end, bound in bounds.items() if bound is not None}
    elif means:
        figures[f"{prefix}/mean"] = math.fsum(mean * n for mean, n in means) / sum(n for _, n in means)
    return figures


def _bought(session: Session) -> dict[str, float]:
    bought = usage.measure(usage.asked(usage.responses(session)))
    figures: dict[str, float] = {"n_input_tokens": bought.n_input_tokens, "n_output_tokens": bought.n_output_tokens}
    return figures if bought.cost_usd is None else figures | {"cost_usd": bought.cost_usd}


def params(session: Session) -> dict[str, str]:
    """Return the models under test, the settings and the versions, as short text."""
    trials = [trial for result in session.results for trial in result.trials]
    judged = [call for trial in trials for call in trial.judge_calls]
    named: dict[str, Json] = {
        "models": ", ".join(usage.models(session)),
        "judges": ", ".join(sorted({call.request.model for call in judged})),
        "judge_versions": "; ".join(
            f"{metric}: {one.version}"
            for metric, found in agreement.versions(session).items()
            for one in found
            if one.version
        ),
        "prompt_hash": _prompt_hash(session),
        "dataset_hash": digest(sorted({(str(result.id), result.input_hash) for result in session.results}))[:16],
        "git.base": session.against.commit if session.against else "",
        "git.head": session.commit,
        **session.settings,
        **{f"version.{name}": version for name, version in session.versions.items()},
    }
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in named.items()}
    # What is unknown is left out.
    texts = {name: text for name, text in texts.items() if text}
    return {_name(name): plain(text, limit=_LONGEST_VALUE) for name, text in texts.items()}


def _prompt_hash(session: Session) -> str:
    """Digest of the system messages that the session sent; empty where it sent none."""
    calls = [call for result in session.results for trial in result.trials for call in trial.calls]
    messages = [message for call in calls for message in call.request.messages if message.get("role") == "system"]
    prompts = sorted({digest(message.get("content")) for message in messages})
    return digest(prompts)[:16] if prompts else ""


def verdict(session: Session) -> dict[str, Json]:
    """Return the verdict and what it rests on, as JSON."""
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
