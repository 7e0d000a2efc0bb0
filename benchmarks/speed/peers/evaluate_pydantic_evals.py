"""pydantic-evals: a data set of cases, an async task and an async evaluator, at its own concurrency limit."""

import os
from dataclasses import dataclass

from openai import AsyncOpenAI
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorContext

N_TESTS = int(os.environ["BENCH_TESTS"])
client = AsyncOpenAI(base_url=os.environ["BENCH_URL"])


async def ask(model: str, prompt: str) -> str:
    """Return one answer."""
    reply = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": prompt}])
    return reply.choices[0].message.content


async def task(prompt: str) -> str:
    """Answer."""
    return await ask("bench", prompt)


@dataclass
class Graded(Evaluator):
    """Score an answer by a judge model."""

    async def evaluate(self, context: EvaluatorContext) -> float:
        """Return a score."""
        return float(len(await ask("judge", f"Grade this answer from 0 to 1: {context.output}")) > 0)


cases = [Case(name=str(i), inputs=f"Question {i}: how do I get a refund?") for i in range(N_TESTS)]
data = Dataset(name="bench", cases=cases, evaluators=[Graded()])
report = data.evaluate_sync(task, max_concurrency=int(os.environ["BENCH_CONNECTIONS"]), progress=False)
print(sum(case.scores["Graded"].value == 1.0 for case in report.cases), "graded")
