"""deepeval outside pytest: answers first, then evaluate() with its own concurrency."""

import asyncio
import os
import sys
from pathlib import Path

from deepeval import evaluate
from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.test_case import LLMTestCase
from openai import AsyncOpenAI

sys.path.insert(0, str(Path(__file__).parent))
from graded_deepeval import Graded, request

N_TESTS = int(os.environ["BENCH_TESTS"])
N_CONNECTIONS = int(os.environ["BENCH_CONNECTIONS"])


async def answers() -> list[LLMTestCase]:
    """Ask for all cases."""
    app, slots = AsyncOpenAI(base_url=os.environ["BENCH_URL"]), asyncio.Semaphore(N_CONNECTIONS)

    async def answer(i: int) -> LLMTestCase:
        prompt = f"Question {i}: how do I get a refund?"
        async with slots:
            reply = await app.chat.completions.create(**request("bench", prompt))
        return LLMTestCase(input=prompt, actual_output=reply.choices[0].message.content)

    return list(await asyncio.gather(*map(answer, range(N_TESTS))))


result = evaluate(
    asyncio.run(answers()),
    [Graded()],
    async_config=AsyncConfig(max_concurrent=N_CONNECTIONS),
    display_config=DisplayConfig(show_indicator=False, print_results=False),
    cache_config=CacheConfig(write_cache=False),
)
print(sum(case.success for case in result.test_results), "graded")
