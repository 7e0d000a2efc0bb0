"""The steps of the GitHub action and of the GitLab jobs, run as they stand, in a project with a real pytest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pytest_llmeval.gather import session_file

DEPLOY = Path(__file__).parents[2] / "deploy"
TEST = """
from pytest_llmeval import assert_relevance

def test_low():
    assert_relevance("{answer}", question="What is the capital of France?", threshold=0.5)
"""
GOOD, BAD = "The capital of France is Paris.", "bananas"


def _bash(project, script: str, **environment: str) -> subprocess.CompletedProcess:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(  # noqa: S603 - our own steps
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - the machine's own
        cwd=project.path,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _action(project, args: str = "", folder: str = ".") -> tuple[int, dict[str, str], list[str]]:
    """Run the action's step; return its status, its outputs, and the files that are uploaded."""
    outputs = project.write("outputs", "")
    done = _bash(
        project,
        f'"{DEPLOY}/github/run.sh"',
        LLMEVAL_ARGS=args,
        LLMEVAL_FOLDER=folder,
        LLMEVAL_OUT="out",
        GITHUB_OUTPUT=str(outputs),
    )
    assert "Traceback" not in done.stderr, done.stderr
    said = dict(line.split("=", 1) for line in outputs.read_text("utf-8").splitlines())
    return done.returncode, said, sorted(path.name for path in (project.path / "out").iterdir())


def test_the_action_ends_as_pytest_did_and_leaves_what_is_uploaded(project):
    """Also where a test failed: the comment is wanted then more than ever."""
    project.write("test_a.py", TEST.format(answer=GOOD))
    files = ["llmeval.json", "llmeval.md", "llmeval.xml", "session.jsonl"]
    assert (0, {"exit-status": "0", "verdict": ""}, files) == _action(project)
    project.write("test_a.py", TEST.format(answer=BAD))
    assert (1, {"exit-status": "1", "verdict": ""}, files) == _action(project)


def test_the_action_names_the_verdict(project):
    """In the gate's word; arguments are one a line, blanks within them and all."""
    project.write("test_a.py", TEST.format(answer=GOOD))
    project.run("--llmeval-baseline-update")
    status, said, _ = _action(project, "--llmeval-gate=pr\n\n-o\naddopts=-p no:randomly\n")
    assert (0, str(project.session.verdict.verdict)) == (status, said["verdict"])
    assert said["verdict"]


def test_the_action_takes_no_session_of_an_earlier_step(project):
    """Where pytest stops before it has one, there is none."""
    project.write("test_a.py", TEST.format(answer=GOOD))
    project.run()
    assert (4, {"exit-status": "4", "verdict": ""}, []) == _action(project, "--no-such-flag")


def test_the_action_runs_in_a_folder(project):
    """And leaves its files where it was told, from the root of the checkout."""
    project.write("py/test_a.py", TEST.format(answer=GOOD))
    project.write("py/pytest.ini", "[pytest]\n")
    status, _, files = _action(project, folder="py")
    assert (0, 4) == (status, len(files))
    assert (project.path / "py" / ".llmeval").is_dir()


@pytest.mark.parametrize("request_id", ["", "7"], ids=["default-branch", "merge-request"])
def test_the_gitlab_job_writes_every_report_that_it_uploads(project, request_id):
    """In a merge request with the gate, on the default branch without."""
    job = yaml.safe_load((DEPLOY / "gitlab" / "llmeval.gitlab-ci.yml").read_text("utf-8"))["llmeval"]
    project.write("test_a.py", TEST.format(answer=GOOD))
    project.run("--llmeval-baseline-update")
    done = _bash(project, "\n".join(job["script"]), CI_MERGE_REQUEST_IID=request_id, **job["variables"])
    assert 0 == done.returncode, done.stdout
    reports = job["artifacts"]["reports"]
    named = [*job["artifacts"]["paths"], *reports["junit"], reports["metrics"], reports["codequality"]]
    assert [] == [name for name in named if not (project.path / name).exists()]
    assert bool(request_id) == (project.session.verdict is not None)
    assert [] == json.loads((project.path / reports["codequality"]).read_text("utf-8"))


SPLIT = """
import pytest
from pytest_llmeval import assert_relevance

@pytest.mark.parametrize("n", range(4))
def test_low(n):
    assert_relevance("{answer}", question="What is the capital of France?", threshold=0.5)
"""


def _forget(project):
    shutil.rmtree(project.path / ".llmeval", ignore_errors=True)


@pytest.mark.parametrize(("answer", "status"), [(GOOD, 0), (BAD, 1)], ids=["good", "bad"])
def test_the_shards_of_github_are_merged_into_what_the_comment_takes(project, answer, status):
    """The action runs each part, and the job after them leaves the artifact of an undivided run."""
    workflow = yaml.safe_load((DEPLOY / "github" / "workflows" / "llmeval-shards.yml").read_text("utf-8"))
    project.write("test_a.py", SPLIT.format(answer=answer))
    for number in (1, 2):
        _forget(project)
        ended, _, files = _action(project, f"--llmeval-shard={number}/2")
        assert (status, ["session.jsonl"]) == (ended, files)
        (project.path / "out").rename(project.path / f"shards-{number}")
        (project.path / "shards").mkdir(exist_ok=True)
        (project.path / f"shards-{number}").rename(project.path / "shards" / f"llmeval-shard-{number}")
    _forget(project)
    merge = [step["run"] for step in workflow["jobs"]["llmeval"]["steps"] if "run" in step][-1]
    assert status == _bash(project, merge).returncode
    files = ["llmeval.json", "llmeval.md", "llmeval.xml", "session.jsonl"]
    assert files == sorted(path.name for path in (project.path / "llmeval").iterdir())
    assert 4 == len(session_file.read(project.path / "llmeval" / "session.jsonl").results)


def test_the_shards_of_gitlab_are_merged_with_every_report_that_is_uploaded(project):
    """Their artifacts land in one folder, each under its own name."""
    jobs = yaml.safe_load((DEPLOY / "gitlab" / "llmeval-shards.gitlab-ci.yml").read_text("utf-8"))
    shard, merge = jobs["llmeval-shard"], jobs["llmeval"]
    project.write("test_a.py", SPLIT.format(answer=GOOD))
    project.run("--llmeval-baseline-update")
    request = {"CI_MERGE_REQUEST_IID": "7", "CI_NODE_TOTAL": "2", **shard["variables"]}
    for number in ("1", "2"):
        _forget(project)
        assert 0 == _bash(project, "\n".join(shard["script"]), CI_NODE_INDEX=number, **request).returncode
    _forget(project)
    done = _bash(project, "\n".join(merge["script"]))
    assert 0 == done.returncode, done.stdout + done.stderr
    reports = merge["artifacts"]["reports"]
    named = [*merge["artifacts"]["paths"], reports["junit"], reports["metrics"], reports["codequality"]]
    assert [] == [name for name in named if not (project.path / name).exists()]
    assert (4, "pr") == (len(project.session.results), project.session.settings["gate"])
