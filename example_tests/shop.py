"""The support application of Hanbury Books: what the shop runs, and what the tests call.

Every function takes ``ask``, whatever sends a prompt to a model: the ``llm`` fixture in tests.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
SITE = "https://hanburybooks.example"

# Low temperature, since answers should be dependable; one line, since the chat window shows one.
SAMPLING = {"temperature": 0.3, "max_tokens": 40, "repeat_penalty": 1.0, "stop": ["\n"]}

HELP_PAGES = {
    "returns": "You can return any book within 30 days of delivery for a full refund. Send it back in its parcel.",
    "delivery": "Delivery costs £3.50. It is free for orders over £25.",
    "damaged": "If a book arrives damaged, we send a free replacement the same day.",
    "cancel": "You can cancel an order within 2 hours of placing it.",
    "payment": "We accept Visa, Mastercard and PayPal. You can pay with all cards in pounds.",
    "gift-cards": "A gift card is valid for 12 months.",
}


@dataclass(frozen=True)
class LinkedAnswer:
    """What the chat window shows: a sentence, and where to read on."""

    text: str
    page: str

    @property
    def link(self) -> str:
        """Address of the help page."""
        return f"{SITE}/help/{self.page}"


def prompt(name: str) -> str:
    """Read a prompt; ``support`` may be swapped by SUPPORT_PROMPT, to try an edit before it goes live."""
    path = os.environ.get("SUPPORT_PROMPT", "prompts/support.md") if name == "support" else f"prompts/{name}.md"
    return (HERE / path).read_text(encoding="utf-8").strip()


def answer(ask, question):
    """Answer a customer from the facts in the support prompt."""
    return ask(question, system=prompt("support"), **SAMPLING)


def answer_with_links(ask, question):
    """Find the help page that fits the question best, and answer from it."""
    page = max(HELP_PAGES, key=lambda name: _fit(question, HELP_PAGES[name]))
    reply = ask(f"{HELP_PAGES[page]}\n\n{question}", system=prompt("help_page"), **SAMPLING)
    return LinkedAnswer(text=reply.text.strip(), page=page)


def order_status(ask, question, record):
    """Answer a customer about an order; the record holds more than may be said."""
    return ask(f"{record}\n\n{question}", system=prompt("order_status"), **SAMPLING)


def refuse_personal_data(ask, question):
    """Answer a request that the privacy desk was given."""
    return ask(question, system=prompt("privacy"), **SAMPLING)


def summarise(ask, text):
    """Summarise a text for the newsletter."""
    return ask(text, system=prompt("summary"), temperature=0.3, max_tokens=60, repeat_penalty=1.0)


def order_fields(ask, email):
    """Turn an order that came by email into ``key: value`` lines."""
    lines = (HERE / "prompts/order_fields.jsonl").read_text(encoding="utf-8").splitlines()
    examples = [json.loads(line) for line in lines]
    return ask([*examples, {"role": "user", "content": email}], temperature=0.3, max_tokens=40, repeat_penalty=1.0)


def _fit(question: str, page: str) -> float:
    """Share of the page's words that the question has, in [0, 1]."""
    return len(_words(question) & _words(page)) / len(_words(page))


def _words(text: str) -> set[str]:
    return {word.strip(".,?!").lower() for word in text.split()}
