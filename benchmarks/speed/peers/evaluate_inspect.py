"""inspect-ai: a task of samples, one generation and a scorer that asks a judge; with or without its cache."""

import os

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState, generate

CACHE = os.environ["BENCH_CACHE"] == "1"
N_TESTS = int(os.environ["BENCH_TESTS"])
N_CONNECTIONS = int(os.environ["BENCH_CONNECTIONS"])


@scorer(metrics=[mean()])
def graded() -> Scorer:
    """Score an answer by a judge model."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001 - its protocol
        prompt = f"Grade this answer from 0 to 1: {state.output.completion}"
        reply = await get_model("openai-api/bench/judge").generate(prompt, cache=CACHE)
        return Score(value=float(len(reply.completion) > 0))

    return score


samples = [Sample(f"Question {i}: how do I get a refund?") for i in range(N_TESTS)]
task = Task(dataset=samples, solver=generate(cache=CACHE), scorer=graded())
[log] = evaluate(
    task,
    model="openai-api/bench/bench",
    max_connections=N_CONNECTIONS,
    max_samples=N_TESTS,
    display="none",
    log_dir="logs",
)
print(log.results.completed_samples if log.status == "success" else log.error, "graded")
