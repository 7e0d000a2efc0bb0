"""A worker that dies while it draws a case again: the case is lost by name, and no other test is blamed for it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.plugin.adaptive_suite import HERE, N_CASES, break_cases, draw_main, everything

DIES = """
@pytest.mark.llmeval(cases=CASES)
def test_case(llm, llm_case, llmeval):
    if is_again(llmeval) and llm_case.id == "c3":
        os._exit(1)
    assert_score("number", number, output=ask(llm, llm_case))
"""


@pytest.mark.parametrize("args", [("-n1",), ("-n2", "--dist=worksteal"), ("-n2", "--dist=loadfile")], ids=" ".join)
def test_what_was_drawn_again_is_lost_and_what_was_reported_stays(project, provider, args):
    """For xdist the last test is still running, though its report is out: it would fail and pass at once."""
    draw_main(project, provider, DIES)
    break_cases(project, "c3", "c7")

    result = project.run_apart(*HERE, *args, "--junitxml=junit.xml")

    assert 6 == result.ret, everything(result)
    lost = {nodeid.partition("::")[2] for nodeid in project.session.lost}
    assert "test_case[c3]" in lost <= {"test_case[c3]", "test_case[c7]"}
    cases = list(ET.parse(project.path / "junit.xml").getroot().iter("testcase"))  # noqa: S314 - our own file
    failed = [case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None]
    assert sorted(lost) == sorted(failed)
    # With loadfile xdist runs the last test of a crashed file again.
    passed = {case.get("name") for case in cases if case.get("name") not in failed}
    assert {f"test_case[c{n}]" for n in range(N_CASES)} - lost == passed
