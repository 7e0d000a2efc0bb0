"""A provider on loopback that can misbehave: for the tests of applications, and for our own.

It speaks OpenAI's interfaces and Anthropic's messages, streamed too, on a free port of 127.0.0.1, answers what it is
told to, and fails how it is told to. Nothing leaves the machine.

    with Loopback() as loopback:
        loopback.answer("Within 14 days.", Reply.rate_limited(retry_after_s=1))
        ...  # ask model "openai/any" with api_base=loopback.url
"""

from __future__ import annotations

from pytest_llmeval.loopback.reply import Reply, by_question, echo
from pytest_llmeval.loopback.server import Loopback, Received

__all__ = ["Loopback", "Received", "Reply", "by_question", "echo"]
