"""The cold work with asyncio and aiohttp alone: no test, no check, no record."""

import asyncio
import os

import aiohttp

URL = os.environ["BENCH_URL"] + "/chat/completions"


async def ask(session: aiohttp.ClientSession, model: str, prompt: str) -> str:
    """Return one answer."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    async with session.post(URL, json=body) as reply:
        return (await reply.json())["choices"][0]["message"]["content"]


async def case(session: aiohttp.ClientSession, i: int) -> str:
    """Ask and grade."""
    answer = await ask(session, "bench", f"Question {i}: how do I get a refund?")
    return await ask(session, "judge", f"Grade this answer from 0 to 1: {answer}")


async def main() -> None:
    """All cases at once; the pool holds the rest back."""
    connector = aiohttp.TCPConnector(limit=int(os.environ["BENCH_CONNECTIONS"]))
    async with aiohttp.ClientSession(connector=connector) as session:
        grades = await asyncio.gather(*(case(session, i) for i in range(int(os.environ["BENCH_TESTS"]))))
    print(len(grades), "graded")


asyncio.run(main())
