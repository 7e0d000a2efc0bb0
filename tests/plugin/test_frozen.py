"""What stands to the end of a run is frozen for the garbage collector (ADR 13): while it runs, and with LLM tests."""

from __future__ import annotations

from textwrap import dedent

import pytest

TEST = """
    import gc
    from pytest_llmeval import assert_safe

    def test_it():
        {check}
        print("frozen:", gc.get_freeze_count() > 0)
"""
RUN_TWICE = """
    import gc, pytest
    pytest.main(["-q", "-s"])
    print("after:", gc.get_freeze_count())
"""


@pytest.mark.parametrize(("check", "is_frozen"), [("assert_safe('fine')", True), ("pass", False)])
def test_only_a_run_with_llm_tests_freezes_and_it_thaws_at_its_end(project, check, is_frozen):
    """A suite that does not use us is not touched, and a process that goes on is left as it was."""
    source = TEST if is_frozen else TEST.replace("from pytest_llmeval import assert_safe", "")
    project.write("test_suite.py", dedent(source.format(check=check)))
    project.write("twice.py", dedent(RUN_TWICE))

    result = project.pytester.runpython(project.path / "twice.py")

    result.stdout.fnmatch_lines([f"*frozen: {is_frozen}", "*after: 0"])
