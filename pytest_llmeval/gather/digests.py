"""A case's result without a word of what was asked and answered: digests in their place (``llmeval_store_texts``)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.calls.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmeval.records import CaseResult, Check, Json, Response, Trial

_SHOWN_DIGITS = 32


def without_words(result: CaseResult) -> CaseResult:
    """Return the result as it may be written where no text may be: numbers, names and digests.

    Equal texts have equal digests, so that whoever has a text can find it again; a text that can be guessed can be
    found so as well. Scores and why there is none stay; what a metric keeps beside its score goes, since it may quote.
    """
    return replace(result, trials=tuple(map(_trial, result.trials)), checks=_checks(result.checks), missed=())


def _trial(trial: Trial) -> Trial:
    return replace(
        trial,
        checks=_checks(trial.checks),
        calls=_calls(trial.calls),
        judge_calls=_calls(trial.judge_calls),
        error=trial.error.partition(":")[0],  # the exception's type; what it says may quote an answer
    )


def _checks(checks: Sequence[Check]) -> tuple[Check, ...]:
    return tuple(
        replace(
            check,
            output="",
            score=replace(check.score, reason="" if check.value is not None else check.score.reason, detail={}),
        )
        for check in checks
    )


def _calls(calls: Sequence[Response]) -> tuple[Response, ...]:
    return tuple(
        replace(call, text=_digest(call.text), request=redacted(call.request, _digest), more=_more(call.more))
        for call in calls
    )


def _more(more: Mapping[str, Json] | None) -> dict[str, Json] | None:
    """Keep the time to the first token, and which tools were called; everything else says words, or stands for them."""
    if more is None:
        return None
    kept = {"first_token_s": more["first_token_s"]} if "first_token_s" in more else {}
    calls = [{**call, "arguments": _digest(call["arguments"])} for call in more.get("tool_calls", ())]
    return (kept | {"tool_calls": calls} if calls else kept) or None


def _digest(text: str) -> str:
    digits = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_SHOWN_DIGITS]
    return f"sha256:{digits}" if text else ""
