"""litellm takes seconds to import: it is while pytest collects, where calls through it are to be expected."""

from __future__ import annotations

import pytest

CONFTEST = """
import sys, threading

def pytest_collection_finish():
    for thread in threading.enumerate():
        if thread.name == "llmeval-import":
            thread.join()
    print("begun:", "pytest_llmeval.calls.providers.litellm" in sys.modules)
"""
TEST = """
def test_it(llm):
    pass
"""
ELSEWHERE = "llmeval_recordings=elsewhere"
THROUGH_LITELLM = "--llmeval-model=anthropic/x"


@pytest.mark.parametrize(
    ("args", "stored", "is_begun"),
    [
        ((THROUGH_LITELLM,), "", True),
        ((THROUGH_LITELLM,), "tests/recordings", False),
        ((THROUGH_LITELLM,), ".llmeval", False),
        ((THROUGH_LITELLM, "--llmeval-cache=refresh"), ".llmeval", True),
        ((THROUGH_LITELLM, "--llmeval-cache=replay"), "", False),
        ((THROUGH_LITELLM, "--collect-only"), "", False),
        ((), "", False),
    ],
    ids=["first run", "recordings", "working cache", "refresh", "replay", "collect only", "no litellm needed"],
)
def test_the_import_begins_before_the_first_test_where_calls_are_to_be_expected(
    project, loopback, args, stored, is_begun
):
    """Collection takes seconds anyway; who replays, or speaks to an OpenAI-compatible endpoint, does not pay for it."""
    project.write("conftest.py", CONFTEST)
    project.write("tests/test_suite.py", TEST)
    if stored == ".llmeval":
        project.write("tests/test_suite.py", TEST.replace("pass", "assert llm('hello').text"))
        project.run_apart("-p", "no:xdist", "-o", ELSEWHERE, "-o", f"llmeval_api_base={loopback.url}")
    elif stored:
        (project.path / stored).mkdir()

    result = project.run_apart("-s", "-p", "no:xdist", "tests", *args)

    result.stdout.fnmatch_lines([f"*begun: {is_begun}*"])
