"""Where a judge gives the probabilities of its tokens, the score is the expected grade; recorded and replayed."""

import json
import math

from pytest_llmeval.loopback import Loopback, Reply
from tests.plugin.judging import grade

SUITE = """
from pytest_llmeval import assert_rubric

def test_answer():
    assert_rubric("an answer", "It is good.")
"""


def with_probabilities(asked):
    """Grade 4, in two minds about 5 and 2."""
    text = grade(asked, 4)
    head, digit, tail = text.partition("4}")[0], "4", "}"
    weighed = [{"token": token, "logprob": math.log(p)} for token, p in (("4", 0.5), ("5", 0.3), ("2", 0.2))]
    tokens = [
        {"token": head, "logprob": 0.0, "top_logprobs": []},
        {"token": digit, "logprob": math.log(0.5), "top_logprobs": weighed},
        {"token": tail, "logprob": 0.0, "top_logprobs": []},
    ]
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": {"content": tokens}}
    return Reply(body=json.dumps({"model": "j", "choices": [choice]}).encode())


def test_the_score_is_the_expected_grade(project, way):
    """0.5 of 4, 0.3 of 5 and 0.2 of 2 are 3.9, which is 0.725; a replay gives the same."""
    with Loopback(with_probabilities) as server:
        project.write(
            "pytest.ini",
            f"[pytest]\nllmeval_judge = openai/j\nllmeval_judge_api_base = {server.url}\n"
            "llmeval_judge_settings =\n    logprobs=true\n    top_logprobs=5\n",
        )
        project.write("test_suite.py", SUITE)
        for cache in ("auto", "replay"):
            assert 0 == project.run(*way, f"--llmeval-cache={cache}").ret
            assert [0.725] == [round(value, 9) for value in project.scores().values()]
        (request,) = server.requests

    assert (True, 5) == (request.body["logprobs"], request.body["top_logprobs"])
