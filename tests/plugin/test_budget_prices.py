"""Prices before a budget: one that is unknown stops the run before the first call; the user's own come first."""

from __future__ import annotations

import json

import pytest

from tests.plugin.till import BUDGET, PRICES, SUITE, Till, run, write

ONE = "def test_one(llm):\n    llm('question', max_tokens=10){}\n"


@pytest.fixture
def till(project):
    """A project without prices."""
    with Till() as server:
        write(project, server, prices="")
        yield server


def refused(result):
    """What a run that did not begin said."""
    assert 4 == result.ret, result.stdout.str()
    return result.stderr.str()


def test_an_unknown_price_stops_the_run_before_the_first_call(project, till, way):
    """Of the model, the judge and a variant alike; in three lines that say what to write."""
    told = refused(run(project, BUDGET, *way))
    assert "the price of model 'openai/m' is not known, and a budget is set" in told
    assert "of input and output, in llmeval_prices or in the list of an installed litellm" in told
    assert "llmeval_prices = openai/m: 0.15 input, 0.60 output" in told

    write(project, till, more="llmeval_judge = openai/judge\n")
    assert "'openai/judge'" in refused(run(project, BUDGET, *way))
    write(project, till, more="llmeval_variants = other: model=openai/other\n")
    assert "'openai/other'" in refused(run(project, BUDGET, *way))
    project.write("half.json", '{"openai/m": {"input_cost_per_token": 1e-6}}')
    write(project, till, prices="half.json")
    assert "'openai/m'" in refused(run(project, BUDGET, *way))
    assert [] == till.requests


def test_without_a_budget_and_in_replay_nobody_asks_for_a_price(project, till, sentences):
    """An unknown price is told, as ever; and a replay costs nothing at any price."""
    assert 0 == run(project).ret
    result = run(project, BUDGET, "--llmeval-cache=replay")
    assert 0 == result.ret
    assert "20 replayed answers have no known price" in sentences(result)


def test_the_model_of_a_marker_needs_a_price_too(project, till, way):
    """Before the first call where pytest collects for itself; in a worker that test fails in its set-up."""
    write(project, till)
    marker = "import pytest\n\n@pytest.mark.llmeval(model='openai/marked')\n"
    project.write("test_suite.py", marker + ONE.format("") + ONE.format(".text").replace("test_one", "test_two"))

    result = run(project, BUDGET, *way)

    if way == ("-n2",):
        result.assert_outcomes(errors=1, passed=1)
        assert ["m"] == [received.body["model"] for received in till.requests]
    else:
        assert "test_suite.py::test_one: the price of model 'openai/marked' is not known" in refused(result)
        assert [] == till.requests


def test_a_model_that_only_the_call_names_is_not_asked(project, till, sentences):
    """Nor one whose answer has no known limit: its test fails with what to write."""
    write(project, till)
    unpriced = ONE.format(".text").replace("max_tokens=10", "model='openai/other'")
    endless = ONE.format(".text").replace(", max_tokens=10", "").replace("test_one", "test_two")
    project.write("test_suite.py", unpriced + endless)

    result = run(project, BUDGET)

    result.assert_outcomes(failed=2)
    told = sentences(result)
    assert "the price of model 'openai/other' is not known, and a budget is set" in told
    assert "nothing limits the length of an answer of model 'openai/m', and a budget is set" in told
    assert [] == till.requests


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("openai/m: 1 input", "the price of output is missing"),
        ("openai/m: 1 input, cheap output", "'cheap output' is no price"),
        ("openai/m: -1 input, 2 output", "'-1 input' is no price"),
        ("openai/m: nan input, 2 output", "'nan input' is no price"),
        ("openai/m: 1 input, 2 output, 0.5 max_tokens", "'0.5 max_tokens' is no price"),
        ("1 input, 2 output", "it names no model"),
        ("missing.json", "No such file"),
        ("list.json", "[1]"),
        ("broken.json", "line 1 column"),
        ("text.json", "input_cost_per_token is 'cheap'"),
        ("negative.json", "output_cost_per_token is -1"),
    ],
)
def test_prices_that_cannot_be_read_stop_the_run(project, till, line, found):
    """With or without a budget, at a line or a file, by name."""
    project.write("list.json", "[1]")
    project.write("broken.json", "{")
    project.write("text.json", '{"openai/m": {"input_cost_per_token": "cheap", "output_cost_per_token": 1}}')
    project.write("negative.json", '{"openai/m": {"input_cost_per_token": 1, "output_cost_per_token": -1}}')
    write(project, till, prices=line)

    told = refused(run(project))

    assert "llmeval_prices" in told
    assert found in told
    assert [] == till.requests


@pytest.mark.parametrize("budget", ["-1", "much", "inf", "nan"])
def test_a_budget_that_is_none_stops_the_run(project, till, budget):
    """As every other option."""
    told = refused(run(project, f"--llmeval-budget-usd={budget}"))
    assert "it takes an amount of US dollars from 0, such as 2.50" in told


def test_prices_of_a_file_of_a_line_and_of_every_model_of_a_name(project, till):
    """The later one counts, and the longest name; in a file of the form that people already have."""
    row = {"input_cost_per_token": 1e-5, "output_cost_per_token": 1e-3, "max_output_tokens": 10, "mode": "chat"}
    project.write("prices/ours.json", json.dumps({"openai/m": row, "sample": row}))
    for prices in ("prices/ours.json", f"openai/*: 1 input, 1 output\n  openai/m: {PRICES}", f"openai/*: {PRICES}"):
        write(project, till, prices=prices)
        assert 6 == run(project, BUDGET, "--llmeval-cache=refresh").ret
        assert 0.0392 < project.session.spend.spent_usd <= 0.05
    # The length of the answer is the file's, too.
    write(project, till, SUITE.replace(", max_tokens=10", ""), prices="prices/ours.json")
    assert 6 == run(project, BUDGET, "--llmeval-cache=live").ret
