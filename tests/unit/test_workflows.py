"""The workflows that users copy: valid, pinned, with the least permissions, and in two phases."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
WORKFLOWS = sorted((DEPLOY / "github" / "workflows").glob("*.yml"))
ACTION = DEPLOY / "github" / "action.yml"
GITLAB = sorted((DEPLOY / "gitlab").glob("*.yml"))


def _read(path: Path) -> dict:
    # YAML 1.1 takes a bare "on" for true.
    return {"on" if key is True else key: value for key, value in yaml.safe_load(path.read_text("utf-8")).items()}


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        *((path, "vendor.github-workflows") for path in WORKFLOWS),
        (ACTION, "vendor.github-actions"),
        *((path, "vendor.gitlab-ci") for path in GITLAB),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_every_file_is_what_its_ci_system_reads(path, schema):
    """By the published schema of GitHub or GitLab."""
    _run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path))


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_a_security_linter_finds_nothing(path):
    """No unpinned action, no injection, no permission too many, no credential left in the checkout."""
    _run(str(Path(sys.executable).with_name("zizmor")), "--offline", "--no-progress", "--quiet", str(path))


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_say_their_version(path):
    """A tag can be moved to other code; our own action is of the same commit."""
    used = re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8"))
    assert used
    for name, rest in used:
        assert name.startswith("./") or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", name), name
        assert name.startswith("./") or re.fullmatch(r" # v\d+\.\d+\.\d+", rest), rest


@pytest.mark.parametrize("name", ["llmeval.yml", "llmeval-shards.yml"])
def test_what_runs_the_branch_may_write_nothing_and_has_no_secret(name):
    """FAULTS 27: also where it is a fork's."""
    path = DEPLOY / "github" / "workflows" / name
    workflow = _read(path)
    assert ("llmeval", "pull_request", {}) == (workflow["name"], workflow["on"], workflow["permissions"])
    assert [] == [job for job in workflow["jobs"].values() if job["permissions"] != {"contents": "read"}]
    words = path.read_text("utf-8").replace("no secret and", "")
    assert not re.search(r"secrets|token", words)


def test_all_shards_are_waited_for_and_merged_whatever_became_of_them():
    """A part that failed stops no other, and the merge names what is missing."""
    jobs = _read(DEPLOY / "github" / "workflows" / "llmeval-shards.yml")["jobs"]
    strategy, merge = jobs["shard"]["strategy"], jobs["llmeval"]
    assert strategy["fail-fast"] is False
    assert list(range(1, len(strategy["matrix"]["shard"]) + 1)) == strategy["matrix"]["shard"]
    assert ("shard", "${{ !cancelled() }}") == (merge["needs"], merge["if"])
    (downloaded,) = [step["with"] for step in merge["steps"] if "download-artifact" in step.get("uses", "")]
    uploaded = jobs["shard"]["steps"][-1]["with"]["artifact"]
    assert uploaded.removesuffix("${{ matrix.shard }}") + "*" == downloaded["pattern"]
    jobs = _read(DEPLOY / "gitlab" / "llmeval-shards.gitlab-ci.yml")
    assert ["llmeval-shard"] == jobs["llmeval"]["needs"]
    assert {"always"} == {rule["when"] for rule in jobs["llmeval"]["rules"]}


def test_what_may_write_runs_nothing_of_the_branch():
    """It checks out the default branch alone, and takes no word of the run into a command."""
    workflow = _read(DEPLOY / "github" / "workflows" / "llmeval-comment.yml")
    assert {"workflow_run": {"workflows": ["llmeval"], "types": ["completed"]}} == workflow["on"]
    assert {} == workflow["permissions"]
    (job,) = workflow["jobs"].values()
    assert {"actions": "read", "contents": "read", "pull-requests": "write"} == job["permissions"]
    steps = job["steps"]
    assert [] == [step for step in steps if "ref" in step.get("with", {}) or "repository" in step.get("with", {})]
    assert ["python -m pip install ./pytest-llmeval", "llmeval comment"] == [s["run"] for s in steps if "run" in s]
    assert "llmeval" == _read(DEPLOY / "github" / "workflows" / "llmeval.yml")["name"]


def test_the_action_puts_no_input_into_a_command():
    """An input is a variable of the environment, never part of the script."""
    steps = _read(ACTION)["runs"]["steps"]
    assert ['"$GITHUB_ACTION_PATH/run.sh"'] == [step["run"] for step in steps if "run" in step]
    assert (DEPLOY / "github" / "run.sh").stat().st_mode & 0o111
