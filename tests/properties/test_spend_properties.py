"""What holds of the ledger in whatever order calls begin, end, fail and die."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_llmeval.calls.budget import most_input_tokens
from pytest_llmeval.records import Request
from pytest_llmeval.store.spend import SpendLedger

LIMIT = 100
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), st.integers(0, 60)),
        st.tuples(st.just("settle"), st.integers(0, 60)),
    ),
    max_size=40,
)


@pytest.fixture(scope="module")
def path():
    """One file; each example has an account of its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "spend.db"


@settings(max_examples=60)
@given(steps=STEPS)
def test_what_is_spent_and_held_is_never_above_the_limit(path, steps):
    """Where no call costs more than was reserved for it; and what fits is never refused."""
    ledger = SpendLedger(path, str(uuid4()))
    open_, spent = [], 0
    for step, amount in steps:
        if step == "reserve":
            reserved = ledger.reserve(amount, LIMIT)
            fits = spent + sum(held for _, held in open_) + amount <= LIMIT
            assert fits == (reserved.number is not None)
            open_ += [(reserved.number, amount)] if fits else []
        elif open_:
            number, held = open_.pop(amount % len(open_))
            ledger.settle(number, min(amount, held), is_sure=True)
            spent += min(amount, held)
        balance = ledger.balance()
        assert (spent, sum(held for _, held in open_)) == (balance.spent, balance.held)
        assert balance.spent + balance.held <= LIMIT
    ledger.close()


@given(text=st.text(), others=st.lists(st.text(max_size=20), max_size=4))
def test_a_prompt_is_never_taken_for_shorter_than_its_bytes(text, others):
    """Of any characters, in any number of messages."""
    messages = tuple({"role": "user", "content": one} for one in (text, *others))
    n_bytes = sum(len(one.encode("utf-8", "surrogatepass")) for one in (text, *others))
    assert most_input_tokens(Request(model="m", messages=messages), None) >= n_bytes + 16 * len(messages)
