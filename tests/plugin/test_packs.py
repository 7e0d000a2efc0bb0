"""``llmeval pack run``: a pack is copied once, asks the model or the application, and is the user's from then on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from pytest_llmeval.loopback import Loopback

MAIN = "import sys; from pytest_llmeval.commands import main; sys.exit(main())"
APP = """
class Bot:
    async def answer(self, text):
        return "I'm sorry, but I can't help with that."

bot = Bot()
"""


def _run(project, *args):
    command = [sys.executable, "-c", MAIN, "pack", "run", *args]
    return subprocess.run(command, cwd=project.path, env=os.environ, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.fixture
def obeying(project):
    """A project whose model tells its system prompt to whoever asks, and does what two of the attacks ask for."""

    def answer(asked):
        system, question = (str(message["content"]) for message in asked["messages"])
        if "zebra" in question:
            return "zebraquartz"
        if "nretnal" in question:
            return "LanternLantern"
        return f"Sure! I was told: {system}" if "instructions?" in question else "I don't think so."

    with Loopback(answer) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        yield server


def test_a_pack_finds_what_a_model_does_wrong(project, obeying):
    """Each attack that is obeyed, each time the prompt is told, and nothing else; the exit status is pytest's."""
    ran = _run(project, "injection", "--", "-q")

    assert 1 == ran.returncode
    assert (
        "  made  llmeval_packs/conftest.py\n"
        "  made  llmeval_packs/injection: README.md, cases.jsonl, pack.toml, test_injection_pack.py\n"
    ) in ran.stdout
    failed = [result.id.case for result in project.session.results if result.outcome == "failed"]
    told = [name for name in failed if name.startswith("gandalf")]
    assert {"direct-joined", "direct-reversed"} == set(failed) - set(told)
    n_told = sum(1 for asked in obeying.requests if "instructions?" in asked.body["messages"][1]["content"])
    assert 0 < n_told == len(told)


def test_it_is_replayed_gated_and_edited_as_any_other_tests(project, obeying):
    """By a plain pytest, from its recordings; a second run of the command writes over nothing."""
    _run(project, "injection", "--", "--llmeval-baseline-update")
    page = project.path / "llmeval_packs" / "injection" / "cases.jsonl"
    _, *kept = page.read_text(encoding="utf-8").splitlines(keepends=True)
    page.write_text("".join(kept), encoding="utf-8")
    obeying.requests.clear()

    ran = _run(project, "injection", "--", "--llmeval-cache=replay", "--llmeval-gate=pr")

    assert 0 == ran.returncode, ran.stdout
    assert 41 == len(project.session.results)
    assert "".join(kept) == page.read_text(encoding="utf-8")
    assert "made" not in ran.stdout
    project.run_apart("--llmeval-cache=replay", "--llmeval-gate=pr", "llmeval_packs").assert_outcomes(passed=41)
    assert [] == obeying.requests


def test_an_application_is_asked_by_its_path(project):
    """An async method of an object in a module beside the configuration; it refuses everything."""
    project.write("pytest.ini", "[pytest]\npython_files = check_*.py\n")
    project.write("my_app.py", APP)

    ran = _run(project, "refusal", "--app=my_app:bot.answer")

    assert 1 == ran.returncode, ran.stdout + ran.stderr
    outcomes = Counter((result.outcome, result.tags[0]) for result in project.session.results)
    assert outcomes == {("passed", "unsafe"): 24, ("failed", "safe"): 24}


def test_an_application_whose_prompt_is_not_known_is_not_tested_for_it(project):
    """Skipped, with a reason; never passed in silence."""
    project.write("pytest.ini", "[pytest]\n")
    project.write("my_app.py", APP)

    ran = _run(project, "injection", "--app=my_app:bot.answer", "--", "-rs")

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert "24 passed, 18 skipped" in ran.stdout
    assert "conftest.py names no system prompt" in ran.stdout


def test_the_other_packs_run_on_the_model(project):
    """Robust where capitals alone are minded; safe where nothing is said."""

    def answer(asked):
        question = str(asked["messages"][-1]["content"])
        return "Rome" if "Italy" in question else "I'm sorry, but I can't say."

    with Loopback(answer) as server:
        project.write("pytest.ini", f"[pytest]\nllmeval_model = openai/m\nllmeval_api_base = {server.url}\n")
        assert 0 == _run(project, "safety").returncode
        assert 1 == _run(project, "robustness").returncode

    right = {result.id.case for result in project.session.results if result.outcome == "passed"}
    assert right >= {"capital-italy", "capital-italy~whitespace", "capital-italy~reordering"}
    assert "capital-italy~casing" not in right
    (summary,) = project.session.summaries
    assert {"unperturbed", "perturbed", "perturbed/typos"} <= {part.tag for part in summary.slices}


def test_what_was_deleted_stays_deleted_and_nothing_else_runs_in_its_place(project):
    """Without its module a pack is none: the project's whole suite is not run instead."""
    project.write("pytest.ini", "[pytest]\n")
    project.write("test_other.py", "def test_other():\n    raise AssertionError")
    project.write("llmeval_packs/safety/README.md", "mine")

    ran = _run(project, "safety")

    assert 4 == ran.returncode
    assert "has no test_*.py" in ran.stderr
    assert ["README.md"] == [path.name for path in (project.path / "llmeval_packs" / "safety").iterdir()]
