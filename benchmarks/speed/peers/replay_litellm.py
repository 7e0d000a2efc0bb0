"""litellm alone with its disk cache: two completions a case, one after the other, as a synchronous test makes them."""

import os

import litellm
from litellm.caching.caching import Cache

litellm.cache = Cache(type="disk", disk_cache_dir="cache")
URL = os.environ["BENCH_URL"]


def ask(model: str, prompt: str) -> str:
    """Return one answer."""
    messages = [{"role": "user", "content": prompt}]
    reply = litellm.completion(model=model, messages=messages, api_base=URL, api_key="bench", caching=True)
    return reply.choices[0].message.content


n_graded = 0
for i in range(int(os.environ["BENCH_TESTS"])):
    answer = ask("openai/bench", f"Question {i}: how do I get a refund?")
    n_graded += len(ask("openai/judge", f"Grade this answer from 0 to 1: {answer}")) > 0
print(n_graded, "graded")
