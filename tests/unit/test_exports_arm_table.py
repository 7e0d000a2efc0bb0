"""The table of a contest, and where its variants stand in the other reports."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmeval.exports import prometheus, terminal
from pytest_llmeval.exports.arm_table import rows
from pytest_llmeval.records import Contest, Duel, Expense, ExpenseDifference, SliceGain, Standing, Summary, Variant
from tests.unit import sessions

DUEL = Duel(
    suite="support",
    metric="relevance",
    reference="a",
    arm="b",
    standing=Standing.BETTER,
    gain=0.081,
    low=0.03,
    high=0.132,
    bound=0.12,
    mde=0.06,
    n_cases=40,
    slices=(SliceGain(tag="eu", gain=-0.02, low=None, high=None, n_cases=1),),
)
COST = ExpenseDifference(
    expense=Expense.COST_USD,
    reference="a",
    arm="b",
    reference_mean=0.003,
    arm_mean=0.0006,
    low=-0.003,
    high=-0.002,
    n_cases=40,
)
CONTEST = Contest(arms=("a", "b"), duels=(DUEL,), expenses=(COST,), winner="b", sentences=("WINNER b.", "More."))


def summary(arm):
    """Return the scores of one arm."""
    return Summary(
        suite="support", metric="relevance", mean=0.5, low=0.4, high=0.6, n_cases=2, n_scored=4, n_unscored=0,
        n_below=0, arm=arm,
    )  # fmt: skip


@pytest.fixture
def session():
    """A session with two variants."""
    plain = sessions.session(verdict=None, summaries=(summary("a"), summary("b")), contest=CONTEST)
    return replace(plain, plan=replace(plain.plan, variants=(Variant(name="a"), Variant(name="b"))))


def test_a_row_says_difference_interval_and_what_could_show():
    """By metric and by tag, then what a trial takes; heads name the reference."""
    assert [
        ("relevance, against a", "", "", "", ""),
        ("  b", "+0.081", "+0.030 to +0.132", "0.060", "better"),
        ("    eu (1 case)", "-0.020", "-", "", ""),
        ("dollars a trial, against a", "", "", "", ""),
        ("  b", "-0.0024", "-0.003 to -0.002", "", "0.2 x"),
    ] == list(rows(CONTEST))


def test_what_is_not_compared_has_no_figures():
    """A dash is no zero."""
    found = list(rows(Contest(duels=(Duel(suite="", metric="m", reference="a", arm="b"),))))
    assert ("  b", "-", "-", "-", "not compared") == found[1]


def test_the_page_says_the_winner_above_the_table(session):
    """And each arm's own mean stands in the table of scores."""
    page = terminal.render(session, width=100, color=False)
    lines = page.splitlines()
    assert lines.index("WINNER b.") < lines.index("relevance, against a")
    assert any(line.startswith("relevance @b") and "0.500" in line for line in lines)


@pytest.mark.parametrize("width", [30, 80, 200])
def test_names_of_variants_are_inert(session, width):
    """They are text of the user's: no control sequence reaches the terminal, no CI command a log."""
    evil = "\x1b[31m::error::x"
    duels = (replace(DUEL, arm=evil, slices=(replace(DUEL.slices[0], tag=evil),)),)
    page = terminal.render(
        replace(session, contest=replace(CONTEST, duels=duels, sentences=(f"WINNER {evil}",))), width=width, color=False
    )
    assert "\x1b" not in page
    assert not any(line.lstrip().startswith("::") for line in page.splitlines())


def test_prometheus_has_a_series_for_each_variant(session):
    """Without variants there is no such label, so that older series go on."""
    text = prometheus.render(session).decode()
    assert 'llmeval_score_mean{branch="shorter-prompt",metric="relevance",suite="support",variant="b"} 0.5' in text
    assert "variant" not in prometheus.render(sessions.session()).decode()
