"""Session → a Prometheus text file: gauges of the last session, for node_exporter's textfile collector or a gateway.

Labels are suite, metric, variant, model, outcome, branch and, where there is one, tenant, all of bounded number and
length; node ids, case ids and text of models never stand here. What is unknown is left out: no sample is NaN, and none
is zero for "could not tell".
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from pytest_llmeval.errors import LlmevalError
from pytest_llmeval.exports import agreement, usage
from pytest_llmeval.exports import prometheus_progress as progress
from pytest_llmeval.exports.inert import plain
from pytest_llmeval.exports.prometheus_progress import Sample
from pytest_llmeval.records import Comparison, Provenance, Session, Summary, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily

_LONGEST_LABEL = 80
_LONGEST_FAMILY = 500  # samples of one name; more would be a suite or a model a case


_HELP = {
    "llmeval_score_mean": "Mean over cases of the mean over their scored trials, 0 to 1, higher is better.",
    "llmeval_score_low": "Lower end of the 95 % interval of the mean over trial noise.",
    "llmeval_score_high": "Upper end of the 95 % interval of the mean over trial noise.",
    "llmeval_scored_ratio": "Share of the trials that have a score.",
    "llmeval_unscored": "Trials without a score.",
    "llmeval_below_threshold": "Cases whose mean is below their threshold.",
    "llmeval_judge_agreement": "Share of people's labels with which the judge behind a metric agrees, 0 to 1.",
    "llmeval_judge_agreement_lower": "Lower end of the 95 % interval of that agreement.",
    "llmeval_judge_labels": "Labelled answers on which that agreement was measured.",
    "llmeval_judge_uncalibrated": "1 if nobody has measured how far the judge behind a metric agrees with people.",
    "llmeval_baseline_mean": "Mean of the baseline over the compared cases.",
    "llmeval_baseline_timestamp_seconds": "When the newest run of the baseline began, in seconds since 1970.",
    "llmeval_drop": "Mean fall from the baseline over the compared cases, positive is worse.",
    "llmeval_verdict": "1 for the verdict of the session, 0 for the other words.",
    "llmeval_session_valid": "1 if the session can carry a verdict: nothing lost, enough scored.",
    "llmeval_cases": "Cases by how pytest reports them.",
    "llmeval_lost_tests": "Tests that were planned and brought no result.",
    "llmeval_responses": "Answers by where they came from.",
    "llmeval_input_tokens": "Tokens of the prompts that this session sent, where the provider says.",
    "llmeval_output_tokens": "Tokens of the answers that this session bought, where the provider says.",
    "llmeval_cost_usd": "Known price of the answers that this session bought, in US dollars.",
    "llmeval_unpriced_responses": "Answers that this session bought at an unknown price.",
    "llmeval_latency_median_seconds": "Median time to an answer, over those that this session bought.",
    "llmeval_latency_p95_seconds": "Time to an answer that 95 % do not exceed, over those that this session bought.",
    "llmeval_session_running": "1 while a session runs that pushes its progress, 0 from its end on.",
    "llmeval_progress_timestamp_seconds": "When progress was last pushed, in seconds since 1970.",
    "llmeval_progress_cases": "Cases of that session that were planned, and that have landed.",
    "llmeval_progress_checks": "Checks of the cases that have landed, with and without a score.",
    "llmeval_progress_responses": "Answers of the cases that have landed, by where they came from.",
    "llmeval_progress_cost_usd": "Known price of the answers that these cases bought, in US dollars.",
    "llmeval_session_duration_seconds": "Wall time of the session.",
    "llmeval_session_timestamp_seconds": "When the session began, in seconds since 1970; alert when it grows old.",
}


def render(session: Session) -> bytes:
    """Return the session as Prometheus' text format, UTF-8."""
    from prometheus_client import generate_latest

    return generate_latest(_registry(tuple(_samples(session)), own(session.branch, session.tenant)))


def write(session: Session, path: Path) -> None:
    """Write the session as a metrics file, whole or not at all; folders are made.

    Raises:
        LlmevalError: the file cannot be written; an older one is as it was.
    """
    from prometheus_client import write_to_textfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(path), _registry(tuple(_samples(session)), own(session.branch, session.tenant)))
    except OSError as error:
        raise LlmevalError(
            f"no metrics file {str(path)!r}",
            found=f"{error.strerror or error}",
            hint="name a folder that can be written: --llmeval-report=prom:PATH",
        ) from error


class _SessionCollector:
    """Families in the order of ``_HELP``, samples in the session's.

    Not ``Gauge`` objects: those write files of their own where the user has set PROMETHEUS_MULTIPROC_DIR.
    """

    def __init__(self, samples: Iterable[Sample], labels: Mapping[str, str]) -> None:
        self._samples = samples
        self._labels = labels

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield a gauge family a name; what has no sample has no family either."""
        from prometheus_client.core import GaugeMetricFamily

        families: dict[str, list[Sample]] = {name: [] for name in _HELP}
        for sample in self._samples:
            if math.isfinite(sample.value):
                families[sample.name].append(sample)
        for name, samples in families.items():
            if samples:
                family = GaugeMetricFamily(name, _HELP[name], labels=[*samples[0].labels, *self._labels])
                for sample in samples[:_LONGEST_FAMILY]:
                    family.add_metric([*map(_label, sample.labels.values()), *self._labels.values()], sample.value)
                yield family


Group: TypeAlias = "tuple[Mapping[str, str], CollectorRegistry]"


def groups(session: Session) -> Iterator[Group]:
    """Yield what a Pushgateway keeps apart, and replaces apart: the session as a whole, then each of its suites.

    So a run of one suite leaves the scores of the others as they were, a branch those of main, a tenant all others'.
    What was pushed while the session ran is replaced by how it ended.

    Returns:
        the labels of the group (``branch`` and ``tenant``, then ``suite`` as well), with the gauges that belong to it.
    """
    of_suite: dict[str, list[Sample]] = {}
    for sample in _samples(session):
        of_suite.setdefault(sample.labels.get("suite", ""), []).append(sample)
    whole = of_suite.pop("", [])
    yield group(session.branch, [*whole, *progress.at_end(session)], tenant=session.tenant)
    labels = own(session.branch, session.tenant)
    for suite, samples in of_suite.items():
        yield {**labels, "suite": _label(suite)}, _registry(samples, labels)


def group(branch: str, samples: Iterable[Sample], *, tenant: str = "") -> Group:
    """Return what a Pushgateway keeps of the sessions of a branch, and of a tenant, as a whole."""
    labels = own(branch, tenant)
    return labels, _registry(samples, labels)


def own(branch: str, tenant: str) -> Mapping[str, str]:
    """Return the labels of every sample; none of a tenant where there is none, so that series go on as they were."""
    return {"branch": _label(branch), **({"tenant": _label(tenant)} if tenant else {})}


def _registry(samples: Iterable[Sample], labels: Mapping[str, str]) -> CollectorRegistry:
    from prometheus_client import CollectorRegistry

    registry = CollectorRegistry()
    registry.register(_SessionCollector(samples, labels))
    return registry


def _samples(session: Session) -> Iterator[Sample]:
    for summary in session.summaries:
        yield from _scores(summary, session)
    yield from _judges(session)
    if session.verdict:
        for comparison in session.verdict.comparisons:
            yield from _change(comparison, session)
        for word in Verdict:
            yield Sample("llmeval_verdict", word is session.verdict.verdict, {"outcome": word.replace(" ", "_")})
        yield Sample("llmeval_session_valid", not session.verdict.invalid, {})
    if session.against:
        # A baseline is a text in git: a time in it may have been written by hand.
        with suppress(ValueError):
            yield Sample("llmeval_baseline_timestamp_seconds", usage.seconds_of(session.against.recorded_at), {})
    outcomes = Counter(result.outcome for result in session.results)
    for outcome in ("passed", "failed", "skipped", "xfailed"):
        yield Sample("llmeval_cases", outcomes[outcome], {"outcome": outcome})
    yield Sample("llmeval_lost_tests", len(session.lost), {})
    yield from _usage(session)
    yield Sample("llmeval_session_duration_seconds", session.duration_s, {})
    yield Sample("llmeval_session_timestamp_seconds", usage.started_s(session), {})


def _arm(arm: str, session: Session) -> Mapping[str, str]:
    """Return the label of a variant; none in a session without several, so that its series go on as they were."""
    return {"variant": arm} if session.plan.variants else {}


def _scores(summary: Summary, session: Session) -> Iterator[Sample]:
    labels = {"suite": summary.suite, "metric": summary.metric, **_arm(summary.arm, session)}
    for name, value in (("mean", summary.mean), ("low", summary.low), ("high", summary.high)):
        if value is not None:
            yield Sample(f"llmeval_score_{name}", value, labels)
    n_trials = summary.n_scored + summary.n_unscored
    if n_trials:
        yield Sample("llmeval_scored_ratio", summary.n_scored / n_trials, labels)
    yield Sample("llmeval_unscored", summary.n_unscored, labels)
    yield Sample("llmeval_below_threshold", summary.n_below, labels)


def _judges(session: Session) -> Iterator[Sample]:
    """Yield what is known of the judges, once a suite and metric: the same one judges all variants."""
    judged = {(one.suite, one.metric): agreement.judged_of(session, one) for one in session.summaries}
    for (suite, metric), versions in judged.items():
        one, labels = agreement.weakest(versions), {"suite": suite, "metric": metric}
        if one is not None:
            figures = agreement.figures(one)
            for name in ("agreement", "agreement_lower", "labels"):
                if name in figures:
                    yield Sample(f"llmeval_judge_{name}", figures[name], labels)
            yield Sample("llmeval_judge_uncalibrated", not one.is_calibrated, labels)


def _change(comparison: Comparison, session: Session) -> Iterator[Sample]:
    labels = {"suite": comparison.suite, "metric": comparison.metric, **_arm(comparison.arm, session)}
    if comparison.baseline_mean is not None:
        yield Sample("llmeval_baseline_mean", comparison.baseline_mean, labels)
    if comparison.n_compared:
        yield Sample("llmeval_drop", comparison.drop, labels)


def _usage(session: Session) -> Iterator[Sample]:
    answers = usage.responses(session)
    count = Counter(answer.provenance for answer in answers)
    for kind in Provenance:
        yield Sample("llmeval_responses", count[kind], {"outcome": kind})
    bought = usage.asked(answers)
    for model in sorted({answer.request.model for answer in answers}):
        of_model = [answer for answer in bought if answer.request.model == model]
        used, labels = usage.measure(of_model), {"model": model}
        yield Sample("llmeval_input_tokens", used.n_input_tokens, labels)
        yield Sample("llmeval_output_tokens", used.n_output_tokens, labels)
        yield Sample("llmeval_unpriced_responses", used.n_unpriced, labels)
        if used.cost_usd is not None:
            yield Sample("llmeval_cost_usd", used.cost_usd, labels)
        if of_model:
            latencies_s = [answer.latency_s for answer in of_model]
            yield Sample("llmeval_latency_median_seconds", usage.percentile(latencies_s, 0.5), labels)
            yield Sample("llmeval_latency_p95_seconds", usage.percentile(latencies_s, 0.95), labels)


def _label(value: str) -> str:
    """Return a label value of bounded length; what is changed carries a digest, so that no two values become one."""
    cleaned = plain(value, limit=_LONGEST_LABEL)
    if cleaned == value:
        return value
    mark = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain(value, limit=_LONGEST_LABEL - 9)}~{mark}"
