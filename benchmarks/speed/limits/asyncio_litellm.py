"""The cold work with asyncio and litellm alone, its import included: no test, no check, no record."""

import asyncio
import os

import litellm

URL = os.environ["BENCH_URL"]


async def ask(slots: asyncio.Semaphore, model: str, prompt: str) -> str:
    """Return one answer."""
    messages = [{"role": "user", "content": prompt}]
    async with slots:
        reply = await litellm.acompletion(model=model, messages=messages, api_base=URL, api_key="bench")
    return reply.choices[0].message.content


async def case(slots: asyncio.Semaphore, i: int) -> str:
    """Ask and grade."""
    answer = await ask(slots, "openai/bench", f"Question {i}: how do I get a refund?")
    return await ask(slots, "openai/judge", f"Grade this answer from 0 to 1: {answer}")


async def main() -> None:
    """All cases at once; the semaphore holds the rest back."""
    slots = asyncio.Semaphore(int(os.environ["BENCH_CONNECTIONS"]))
    grades = await asyncio.gather(*(case(slots, i) for i in range(int(os.environ["BENCH_TESTS"]))))
    print(len(grades), "graded")


asyncio.run(main())
