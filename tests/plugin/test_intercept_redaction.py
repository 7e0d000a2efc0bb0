"""Redaction and interception cannot both be kept: the application sends its own requests, and we say so."""

from __future__ import annotations


def test_an_intercepted_test_under_a_redaction_hook_fails_in_its_set_up(project):
    """Nothing is sent and nothing stored; the other tests run."""
    project.write("conftest.py", "def pytest_llmeval_redact(text):\n    return text.replace('Ann', 'X')\n")
    project.write(
        "test_suite.py",
        "import pytest\n"
        "from pytest_llmeval import assert_safe\n"
        "@pytest.mark.llmeval(intercept=True)\n"
        "def test_intercepted():\n"
        "    assert_safe('fine')\n"
        "def test_other():\n"
        "    assert_safe('fine')\n",
    )

    result = project.run_apart("-p", "no:xdist")

    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["*calls that are intercepted cannot be redacted"])
