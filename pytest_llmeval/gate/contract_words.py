"""Contracts in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.gate.contracts import trials_to_decide
from pytest_llmeval.gate.words import count, names, odds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmeval.records import Contract

_MOST = 10
_TYPICAL_LEVEL = 0.025


def broken(contracts: Sequence[Contract]) -> Iterator[str]:
    """Yield a sentence for each contract that is proven broken, the worst first."""
    found = sorted((c for c in contracts if c.is_broken), key=lambda c: (c.n_passed / c.n_trials - c.require, c.id))
    for contract in found[:_MOST]:
        rare = odds(contract.p_adjusted)
        chance = f" Chance of so few if it kept its share: {rare}." if rare else ""
        yield f"REGRESSED {contract.id}: {_tally(contract)}.{chance}"
    if len(found) > _MOST:
        yield f"REGRESSED and {len(found) - _MOST} more cases without a baseline."


def others(contracts: Sequence[Contract]) -> Iterator[str]:
    """Yield what is below its share and not proven, and how many keep theirs."""
    short = [c for c in contracts if not c.is_broken and c.n_passed < c.require * c.n_trials - 1e-9]
    for contract in short[:_MOST]:
        more = trials_to_decide(contract, _TYPICAL_LEVEL / len(contracts))
        help_ = f" {count(more, 'more trial')} like these would prove it." if more else ""
        yield f"Below its share, not proven: {contract.id}: {_tally(contract)}, which may be chance.{help_}"
    kept = [c.id for c in contracts if not c.is_broken and c not in short]
    if kept:
        verb = "keeps the share" if len(kept) == 1 else "keep the shares"
        yield f"{count(len(kept), 'new check')} {verb} that require= asks for: {names(kept)}."


def _tally(contract: Contract) -> str:
    return (
        f"new here, {contract.n_passed} of {count(contract.n_trials, 'trial')} reached the threshold, "
        f"and require= asks for {contract.require:.0%}"
    )
