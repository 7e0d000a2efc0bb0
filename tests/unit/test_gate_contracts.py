"""New cases that promise a share of passes."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from pytest_llmeval.gate import compare_all, contracts_of, decide
from pytest_llmeval.records import Verdict
from tests.unit.gate_lines import TEST, baseline, line, passes


def held(*lines, known=(), stored=()):
    """Decide a session of these new lines beside what the baseline knows."""
    before = baseline(*stored)
    every = [*lines, *known]
    return decide(compare_all(before, every), contracts=contracts_of(before.lines, every))


@pytest.mark.parametrize(("n_passed", "n", "require"), [(3, 10, 0.9), (0, 3, 0.5), (9, 10, 0.9), (10, 10, 1.0)])
def test_contract_is_tested_by_the_exact_binomial_law(n_passed, n, require):
    """scipy.stats.binomtest."""
    (contract,) = contracts_of({}, [line("new", passes(n_passed, n), require=require)])
    assert contract.p == pytest.approx(binomtest(n_passed, n, require, alternative="less").pvalue)
    assert (contract.n_passed, contract.n_trials) == (n_passed, n)


def test_only_new_lines_with_a_promise_and_a_score_are_contracts():
    """What main knows is compared with main; what promises nothing is only listed."""
    known = line("known", passes(0, 5), require=0.9)
    lines = [known, line("plain", passes(0, 5)), line("unscored", [], require=0.9), line("new", [0.0], require=0.9)]
    assert [contract.id.case for contract in contracts_of({known.id: known}, lines)] == ["new"]


def test_broken_contract_is_red_and_says_why():
    """3 of 10 where 90 % was promised: p = 9e-6; the second hypothesis of the session beside the comparison."""
    stable = [line(str(case), passes(10, 10)) for case in range(5)]
    found = held(line("new", passes(3, 10), require=0.9), known=stable, stored=stable)
    assert found.verdict is Verdict.REGRESSED
    assert found.contracts[0].is_broken
    assert found.sentences[0] == (
        f"REGRESSED {TEST}[new] relevance: new here, 3 of 10 trials reached the threshold, and require= asks for 90%. "
        "Chance of so few if it kept its share: under 1 in 1000."
    )


def test_contract_that_chance_may_explain_is_not_red():
    """8 of 10 where 90 % was promised: p = 0.26; it says how many more trials like these would tell."""
    found = held(line("new", passes(8, 10), require=0.9))
    assert not found.contracts[0].is_broken
    assert any(
        sentence.startswith(
            f"Below its share, not proven: {TEST}[new] relevance: new here, 8 of 10 trials reached the threshold"
        )
        and "more trials like these would prove it" in sentence
        for sentence in found.sentences
    )


def test_kept_contracts_are_counted():
    """One sentence for all of them."""
    found = held(*(line(str(case), passes(10, 10), require=0.9) for case in range(2)))
    assert f"2 new checks keep the shares that require= asks for: {TEST}[0] relevance, {TEST}[1] relevance." in (
        found.sentences
    )


def test_contracts_share_their_level():
    """Holm over contracts: 40 with p = 0.01 each prove nothing, one alone does."""
    one = [line("new", passes(0, 2), require=0.9)]
    many = [line(str(case), passes(0, 2), require=0.9) for case in range(60)]
    assert held(*one).contracts[0].p_adjusted == pytest.approx(0.01)
    assert held(*one).contracts[0].is_broken
    assert not any(contract.is_broken for contract in held(*many).contracts)


def test_contracts_and_comparisons_share_the_level_of_the_session():
    """Beside one comparison a contract has 2.5 %, alone 5 %."""
    weak = line("new", passes(3, 5), require=0.95)
    stable = [line("old", passes(10, 10))]
    assert 0.02 < contracts_of({}, [weak])[0].p < 0.025
    assert held(weak, known=stable, stored=stable).contracts[0].is_broken
    weaker = line("new", passes(3, 5), require=0.94)
    assert 0.025 < contracts_of({}, [weaker])[0].p < 0.05
    assert not held(weaker, known=stable, stored=stable).contracts[0].is_broken
    assert held(weaker).contracts[0].is_broken
