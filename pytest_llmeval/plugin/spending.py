"""A session's budget, as pytest meets it: prices are looked up before anything is spent; at the end it is added up.

Imported where a budget is set.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmeval.calls.budget import NANO, Budget, unknown_price
from pytest_llmeval.calls.prices import Prices
from pytest_llmeval.errors import BudgetSpent, LlmevalError, UsageError
from pytest_llmeval.plugin import items
from pytest_llmeval.records import Spend
from pytest_llmeval.store.spend import SpendLedger

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmeval.options.settings import Settings
    from pytest_llmeval.plugin.state import State
    from pytest_llmeval.records import CaseResult
    from pytest_llmeval.store.postgres.ledger import PostgresLedger


def budget_of(settings: Settings, prices: Prices) -> Budget:
    """Return what this process may spend from, in one account with all others of the session."""
    return Budget(
        ledger_of(settings),
        prices,
        settings.budget_usd or 0.0,
        # A call that is in flight ends within its timeout, and so does what it holds.
        longest_wait_s=2 * settings.timeout_s,
    )


def ledger_of(settings: Settings) -> SpendLedger | PostgresLedger:
    """Return the account of this session: of this machine, or of all that share a database."""
    place, account = settings.ledger
    if isinstance(place, Path):
        return SpendLedger(place, account)
    from pytest_llmeval.store.postgres.ledger import PostgresLedger

    return PostgresLedger(place, account)


def begin(settings: Settings) -> None:
    """Look whether every model that the settings name has a price, and whether the ledger can be kept.

    Raises:
        pytest.UsageError: one of them is not so; nothing was spent.
    """
    if settings.cache == "replay":
        return  # nobody is asked
    named = [*settings.models, *settings.judges, *(variant.model for variant in settings.variants)]
    try:
        _refuse_unpriced(filter(None, named), settings)
        ledger = ledger_of(settings)
        ledger.check()
        ledger.close()
    except LlmevalError as error:
        raise pytest.UsageError(f"llmeval: {error}") from None


def check_marked(item: pytest.Item, state: State) -> None:
    """Look whether the model of a test's marker has a price; in a worker the test alone fails for it, in its set-up.

    Raises:
        pytest.UsageError: it has none, in the process that collects for itself.
    """
    if state.settings.cache == "replay" or state.settings.plan or item.config.option.collectonly:
        return
    variant = items.variant_of(item)
    try:
        said = items.marked(item).get("model", "")
        _refuse_unpriced(filter(None, [said, variant.model if variant is not None else ""]), state.settings)
    except UsageError as error:
        if not state.is_worker:
            raise pytest.UsageError(f"llmeval: {item.nodeid}: {error}") from None
        state.faults[item.nodeid] = error


def _refuse_unpriced(models: Iterable[str], settings: Settings) -> None:
    prices = Prices(settings.prices)
    for model in models:
        if prices.of_model(model) is None:
            raise unknown_price(model)


def spend_of(settings: Settings, results: Sequence[CaseResult]) -> Spend | None:
    """Return what the session spent; None without a budget, or where nobody was to be asked.

    Raises:
        StoreError: the ledger cannot be read.
    """
    if settings.budget_usd is None or settings.cache == "replay":
        return None
    ledger = ledger_of(settings)
    balance = ledger.balance()
    ledger.close()
    return Spend(
        budget_usd=settings.budget_usd,
        # What is reserved now is of calls that were given up a moment ago: nobody knows what they cost.
        spent_usd=(balance.spent + balance.held) / NANO,
        unsure_usd=(balance.unsure + balance.held) / NANO,
        n_unsure=balance.n_unsure + balance.n_held,
        n_refused=balance.n_refused,
        account=settings.ledger[1] if settings.database is not None else "",
        undone=tuple(sorted(result.nodeid for result in results if _is_undone(result))),
    )


def _is_undone(result: CaseResult) -> bool:
    checks = [*result.checks, *(check for trial in result.trials for check in trial.checks)]
    # As guard.said() has it, and without its words where no text may be stored.
    return any(trial.error.partition(":")[0] == BudgetSpent.__name__ for trial in result.trials) or any(
        check.value is None and check.score.reason.startswith(BudgetSpent.SIGN) for check in checks
    )
