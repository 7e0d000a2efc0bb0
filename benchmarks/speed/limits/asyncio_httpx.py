"""The cold work with asyncio and httpx alone: no test, no check, no record."""

import asyncio
import os

import httpx

URL = os.environ["BENCH_URL"] + "/chat/completions"


async def ask(client: httpx.AsyncClient, model: str, prompt: str) -> str:
    """Return one answer."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    reply = await client.post(URL, json=body)
    return reply.json()["choices"][0]["message"]["content"]


async def case(client: httpx.AsyncClient, i: int) -> str:
    """Ask and grade."""
    answer = await ask(client, "bench", f"Question {i}: how do I get a refund?")
    return await ask(client, "judge", f"Grade this answer from 0 to 1: {answer}")


async def main() -> None:
    """All cases at once; the pool holds the rest back."""
    limits = httpx.Limits(max_connections=int(os.environ["BENCH_CONNECTIONS"]))
    async with httpx.AsyncClient(limits=limits, timeout=None) as client:  # noqa: S113 - the harness ends what hangs
        grades = await asyncio.gather(*(case(client, i) for i in range(int(os.environ["BENCH_TESTS"]))))
    print(len(grades), "graded")


asyncio.run(main())
