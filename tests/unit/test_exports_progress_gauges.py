"""How far a session is, as gauges: names of their own, right numbers, and the same ones at its end."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import generate_latest

from pytest_llmeval.exports import prometheus, prometheus_progress
from tests.unit.sessions import RELEVANCE, session


def _named(samples):
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def test_the_numbers_are_those_of_the_cases_that_have_landed():
    """Checks with and without a score, answers by where they came from, and what they cost."""
    of = session()
    so_far = replace(session(), results=of.results[:2])

    found = _named(prometheus_progress.samples(so_far, n_planned=3, at_s=1000.0, is_running=True))

    assert {
        ("llmeval_session_running",): True,
        ("llmeval_progress_timestamp_seconds",): 1000.0,
        ("llmeval_progress_cases", "planned"): 3,
        ("llmeval_progress_cases", "landed"): 2,
        ("llmeval_progress_checks", "scored"): 10,
        ("llmeval_progress_checks", "unscored"): 0,
        ("llmeval_progress_responses", "live"): 5,
        ("llmeval_progress_responses", "replayed"): 5,
        ("llmeval_progress_responses", "refreshed"): 0,
        ("llmeval_progress_cost_usd",): 0.005,
    } == found


def test_the_end_has_every_name_of_the_way_there():
    """So the final push takes the place of each gauge that was pushed before, also one of a session that died."""
    running = prometheus_progress.samples(session(), n_planned=3, at_s=1.0, is_running=True)
    end = _named(prometheus_progress.at_end(session()))

    assert {sample.name for sample in running} == {key[0] for key in end}
    assert (False, 3, 1769860800.0 + 12.34) == (
        end["llmeval_session_running",],
        end["llmeval_progress_cases", "landed"],
        end["llmeval_progress_timestamp_seconds",],
    )


def test_a_gateway_is_told_the_end_and_a_metrics_file_is_not():
    """A file of the last session has nothing that runs; the group of the session has, and those of suites have not."""
    assert b"llmeval_session_running" not in prometheus.render(session())
    texts = {tuple(labels): generate_latest(registry).decode() for labels, registry in prometheus.groups(session())}

    assert "llmeval_session_running{" in texts["branch",]
    assert "llmeval_progress" not in texts["branch", "suite"]


def test_progress_takes_the_place_of_no_figure_of_the_last_session():
    """An alert on the last session's spend or scores does not see half of the next one."""
    of_sessions = {sample.name for sample in prometheus._samples(session(summaries=(RELEVANCE,)))}
    of_progress = {sample.name for sample in prometheus_progress.at_end(session())}

    assert set() == of_sessions & of_progress


def test_an_unknown_price_is_left_out():
    """Before anything is known to cost something, spend is not 0 but absent."""
    judge = replace(session(), results=session().results[2:])

    found = _named(prometheus_progress.samples(judge, n_planned=3, at_s=1.0, is_running=True))

    assert ("llmeval_progress_cost_usd",) not in found
