"""Responses to store: a seeded suite whose texts compress as prose does.

The texts are made of a vocabulary that is drawn from a seed, each about its own 20 words, and tuned until deflate
leaves of them what it left of 45 answers of real models of 1,600 to 2,400 characters: 46 % at level 1, 44 % at level 6.
"""

from __future__ import annotations

import itertools
import random
import zlib

from pytest_llmeval.calls.key import cache_key, origin
from pytest_llmeval.records import Request, Response

_SEED = 7
_TEXT_CHARACTERS = 2_000
_STARTS = ("b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "st", "tr", "th", "ch", "pl", "gr", "br")
_VOWELS = ("a", "e", "i", "o", "u", "ea", "ou", "ai")
_ENDS = ("", "n", "s", "t", "r", "ng", "ed", "ing", "ly", "tion")
_COMMON = (
    "the of and to a in is you that it for on are with as your be this have from or can not by we will if at an our"
)


class Prose:
    """Endless text of made-up words, used as often as those of a language are (Zipf's law)."""

    def __init__(self, rng: random.Random, n_words: int = 6_000) -> None:
        self._rng = rng
        words = dict.fromkeys(_COMMON.split())
        while len(words) < n_words:
            words[self._word()] = None
        self._words = list(words)
        self._weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(n_words)))

    def text(self, n_characters: int, n_topics: int = 20) -> str:
        """Return sentences on a few topics, cut off at a length."""
        topics = self._rng.choices(self._words[200:], k=n_topics)
        parts: list[str] = []
        length = n_left = 0
        while length < n_characters:
            is_topic = self._rng.random() < 0.32
            word = (
                self._rng.choice(topics) if is_topic else self._rng.choices(self._words, cum_weights=self._weights)[0]
            )
            if n_left == 0:
                n_left, word = self._rng.randint(6, 22), word.capitalize()
            n_left -= 1
            if n_left == 0:
                word += "." if self._rng.random() < 0.85 else ".\n\n"
            elif self._rng.random() < 0.08:
                word += ","
            parts.append(word)
            length += len(word) + 1
        return " ".join(parts)[:n_characters]

    def _word(self) -> str:
        n_syllables = self._rng.choice([1, 1, 2, 2, 2, 3, 3, 4])
        pairs = (self._rng.choice(_STARTS) + self._rng.choice(_VOWELS) for _ in range(n_syllables))
        return "".join(pairs) + self._rng.choice(_ENDS)


class Suite:
    """Responses as a suite gets them: a system prompt, a question of its own each, five trials.

    Args:
        name: what tells its requests from another suite's.
        n_prompts: how many system prompts there are; 0: each request has its own.
    """

    def __init__(self, name: str, n_prompts: int = 20) -> None:
        self._rng = random.Random(f"{_SEED} {name}")  # noqa: S311  (the same each time, not secret)
        self._name = name
        prose = Prose(self._rng)
        self._texts = [prose.text(_TEXT_CHARACTERS) for _ in range(300)]
        self._questions = [prose.text(100, 6) for _ in range(300)]
        self._prompts = [prose.text(160, 6) for _ in range(n_prompts or 300)]
        self._is_shared = n_prompts > 0

    def request(self, n: int) -> Request:
        """Return the nth request, of about 300 characters."""
        prompt = self._prompts[n % len(self._prompts)]
        system = prompt if self._is_shared else _turned(prompt, n)
        return Request(
            model="openai/gpt-4o-mini",
            messages=(
                {"role": "system", "content": system},
                {"role": "user", "content": f"{self._name} {n // 5}: {self._questions[n // 5 % 300]}"},
            ),
            settings={"temperature": 0.7, "max_tokens": 600},
            trial=n % 5,
        )

    def response(self, n: int) -> Response:
        """Return the nth response, as the engine completes it; no two texts are the same."""
        request, text = self.request(n), _turned(self._texts[n % 300], n)
        key, recorded_at = cache_key(request), f"2026-01-01T00:00:00.{n:06d}Z"
        return Response(
            text=text,
            request=request,
            model="gpt-4o-mini-2024-07-18",
            fingerprint=f"fp_{n % 3:010x}",
            n_input_tokens=100 + n % 50,
            n_output_tokens=400 + n % 90,
            latency_s=(500 + n % 9_000) / 1_000,
            cost_usd=(10_000 + n % 990_000) / 1e9,
            recorded_at=recorded_at,
            key=key,
            origin=origin(key, text, recorded_at),
        )

    def share_left(self) -> float:
        """Return what deflate leaves of the texts at level 6, as a share in (0, 1)."""
        return sum(len(zlib.compress(text.encode(), 6)) for text in self._texts) / sum(map(len, self._texts))


def _turned(text: str, n: int) -> str:
    """Return the text begun at another place, so that it is one of its own and compresses alike."""
    first = n * 37 % len(text)
    return text[first:] + text[:first]
