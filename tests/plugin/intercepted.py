"""A project whose test talks to an application that calls a model itself; and what must hold for each such one."""

from __future__ import annotations

CANARY = "sk-canary-3b1f9c2e7d"

_TEST = """
import os
import pathlib
import pytest
from app import talk
from pytest_llmeval import assert_safe


@pytest.mark.llmeval(intercept=True)
def test_app(llmeval_intercept):
    said = talk("Where is my parcel?")
    pathlib.Path(os.environ["SAID"]).write_text(said)
    assert_safe(said)
    calls = llmeval_intercept.calls
    pathlib.Path(os.environ["SAID"] + ".calls").write_text(repr([(c.text, c.n_output_tokens) for c in calls]))
"""


def holds(project, loopback, monkeypatch, source):
    """Record and replay one application; every promise of the contract is asserted here.

    - what it is given when it is replayed equals what it was given live, to the last byte that it can see;
    - replay asks nobody, whether or not somebody would answer;
    - the calls are part of the trial: tokens, provenance, and origins that are the same in each run;
    - its key is in no file.
    """
    project.write("pytest.ini", f"[pytest]\nllmeval_intercept_hosts = {loopback.url}\n")
    project.write(
        "app.py", f"KEY = 'placeholder'\nURL = {loopback.url!r}\nimport os\nKEY = os.environ['APP']\n{source}"
    )
    project.write("test_app.py", _TEST)
    monkeypatch.setenv("APP", CANARY)

    monkeypatch.setenv("SAID", "live")
    project.run_apart("-p", "no:cacheprovider").assert_outcomes(passed=1)
    live, n_asked = project.session, len(loopback.requests)
    assert n_asked

    monkeypatch.setenv("SAID", "replayed")
    project.run_apart("--llmeval-cache=replay", "-p", "no:cacheprovider").assert_outcomes(passed=1)
    replayed = project.session

    assert n_asked == len(loopback.requests)
    assert (project.path / "live").read_text() == (project.path / "replayed").read_text()
    assert (project.path / "live.calls").read_text() == (project.path / "replayed.calls").read_text()
    assert ["live"] * n_asked == [call.provenance for call in _calls(live)]
    assert ["replayed"] * n_asked == [call.provenance for call in _calls(replayed)]
    # A stream of chat completions says how many only where it is asked to.
    assert all(call.n_input_tokens or call.request.settings.get("stream") for call in _calls(replayed))
    assert [call.n_input_tokens for call in _calls(live)] == [call.n_input_tokens for call in _calls(replayed)]
    origins = [[check.origin for check in _trial(session).checks] for session in (live, replayed)]
    assert origins[0] == origins[1] != [""]
    files = [path for path in project.path.rglob("*") if path.is_file()]
    assert [] == [path for path in files if CANARY.encode() in path.read_bytes()]


def _trial(session):
    return session.results[0].trials[0]


def _calls(session):
    return _trial(session).calls
