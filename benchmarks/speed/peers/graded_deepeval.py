"""deepeval: what its two adapters share, a call and a metric of one's own that asks a judge."""

import functools
import os

from deepeval.metrics import BaseMetric
from deepeval.test_case import LLMTestCase
from openai import AsyncOpenAI, OpenAI


@functools.cache
def client(kind: type) -> OpenAI | AsyncOpenAI:
    """Return the client of the endpoint."""
    return kind(base_url=os.environ["BENCH_URL"])


def request(model: str, prompt: str) -> dict[str, object]:
    """Return the arguments of a completion."""
    return {"model": model, "messages": [{"role": "user", "content": prompt}]}


class Graded(BaseMetric):
    """Score an answer by a judge model."""

    threshold = 0.5
    async_mode = True

    def measure(self, test_case: LLMTestCase, *_: object, **__: object) -> float:
        """Ask and wait."""
        reply = client(OpenAI).chat.completions.create(**self._request(test_case))
        return self._read(reply.choices[0].message.content)

    async def a_measure(self, test_case: LLMTestCase, *_: object, **__: object) -> float:
        """Ask."""
        reply = await client(AsyncOpenAI).chat.completions.create(**self._request(test_case))
        return self._read(reply.choices[0].message.content)

    def is_successful(self) -> bool:
        """Whether it passed."""
        return self.success

    @property
    def __name__(self) -> str:
        return "graded"

    def _request(self, test_case: LLMTestCase) -> dict[str, object]:
        return request("judge", f"Grade this answer from 0 to 1: {test_case.actual_output}")

    def _read(self, text: str) -> float:
        self.score = float(len(text) > 0)
        self.success = self.score >= self.threshold
        self.reason = text
        return self.score
