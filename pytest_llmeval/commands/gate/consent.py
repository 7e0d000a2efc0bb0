"""What a check of the gate will call and cost, said before it does; nothing is bought without a word."""

from __future__ import annotations

import os
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmeval.commands.output import inert, say
from pytest_llmeval.errors import StoreError, UsageError
from pytest_llmeval.exports.usage import Usage, measure, responses
from pytest_llmeval.exports.wording import count

if TYPE_CHECKING:
    from pytest_llmeval.commands.project import Project
    from pytest_llmeval.records import Session


def announce(found: Project, n_runs: int, what: str, *, may_leave: bool) -> bool:
    """Say how often the suite will run, and what that takes, by the last session.

    Args:
        found: the project.
        n_runs: how often.
        what: of how many pairs and faults, for a person.
        may_leave: whether a run may ask another endpoint than the suite's own.

    Returns:
        Whether it is free: everything that is asked is on this machine, as far as can be known.
    """
    last = _last(found)
    if last is None:
        says = "what one run calls is not known: there is no session yet"
        endpoints = {_configured(found)}
    else:
        answers = responses(last)
        took = measure(answers)
        says = f"session {last.id} called {count(took.n_answers, 'time')}{_for(took)}, so about {_times(took, n_runs)}"
        endpoints = {answer.request.api_base for answer in answers}
    is_free = not may_leave and bool(endpoints) and all(map(is_loopback, endpoints))
    free = "; the model is on this machine, so they are free" if is_free else ""
    say(inert(f"{what}: {count(n_runs, 'run')} of the suite, every answer asked for anew; {says}{free}", limit=1000))
    return is_free


def refuse(n_runs: int) -> None:
    """Refuse to buy what nobody has agreed to.

    Raises:
        UsageError: always.
    """
    raise UsageError(
        f"nothing was run: {count(n_runs, 'run')} of the suite may cost money",
        hint="agree by --yes, or say how many pairs: --pairs 3; --pairs 0 calls nothing and takes the baseline's draws",
    )


def is_loopback(endpoint: str) -> bool:
    """Whether an endpoint is on this machine; an empty one is the provider's own."""
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _last(found: Project) -> Session | None:
    from pytest_llmeval.gather import session_file

    try:
        return session_file.read(found.session_file(None))
    except StoreError:
        return None


def _configured(found: Project) -> str:
    return str(os.environ.get("LLMEVAL_API_BASE") or found.values.get("llmeval_api_base") or "")


def _for(took: Usage) -> str:
    if not took.n_answers:
        return " no model through `llm`"
    if took.cost_usd is None:
        return " at prices that are not known"
    unknown = f" ({took.n_unpriced} of them have no known price)" if took.n_unpriced else ""
    return f" for ${took.cost_usd:.4f}{unknown}"


def _times(took: Usage, n_runs: int) -> str:
    calls = count(took.n_answers * n_runs, "call")
    return calls if took.cost_usd is None else f"{calls} for ${took.cost_usd * n_runs:.2f}"
