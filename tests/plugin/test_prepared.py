"""What a live call needs is imported while pytest collects, where calls are to be expected, and nowhere else."""

from __future__ import annotations

import pytest

from pytest_llmeval.loopback import Loopback

# Waits for the import, which goes on in a thread, only where there is such a thread.
CONFTEST = """
import sys, threading

def pytest_collection_finish():
    for thread in threading.enumerate():
        if thread.name == "llmeval-import":
            thread.join()
    print("imported:", "aiohttp" in sys.modules)
"""
TEST = "def test_it(llm):\n    assert llm('hello').text == 'hello'\n"


@pytest.mark.parametrize(
    ("args", "stored", "is_imported"),
    [
        ((), None, True),
        ((), "tests/recordings", False),
        ((), ".llmeval", False),
        (("--llmeval-cache=refresh",), ".llmeval", True),
        (("--llmeval-cache=replay",), None, False),
        (("--collect-only",), None, False),
    ],
    ids=["first run", "recordings", "working cache", "refresh", "replay", "collect only"],
)
def test_the_import_begins_before_the_first_test_where_calls_are_to_be_expected(project, args, stored, is_imported):
    """A provider's client takes up to seconds to import, and collection takes seconds anyway."""
    with Loopback() as provider:
        project.write(
            "pytest.ini", f"[pytest]\nllmeval_model = openai/x\nllmeval_api_base = {provider.url}\ntestpaths = tests\n"
        )
        project.write("conftest.py", CONFTEST)
        project.write("tests/test_suite.py", TEST)
        if stored == ".llmeval":
            project.run_apart("-p", "no:xdist", "-o", "llmeval_recordings=elsewhere")
        elif stored:
            (project.path / stored).mkdir()

        result = project.run_apart("-s", "-p", "no:xdist", "-o", "llmeval_recordings=recordings", *args)

    result.stdout.fnmatch_lines([f"*imported: {is_imported}*"])
