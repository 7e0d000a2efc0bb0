"""``deploy/kubernetes/run.sh``: what a CI job sees of a run in a cluster.

There is no cluster here. The manifests are built by the real kubectl; what the cluster would answer is told a stand-in.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUBECTL = Path(sys.executable).with_name("kubectl")
# Of a Job the conditions, one answer a line, then the same for ever; of its pod a name, a log and an exit status.
STAND_IN = """#!/bin/sh
printf '%s\\n' "$*" >>"$LOG"
case " $* " in
  *" create "*) exec "$KUBECTL" kustomize "$3" >"$BUILT" ;;
  *" get job "*)
    n=$(grep -c ' get job ' "$LOG")
    [ -s "$ANSWERS" ] || exit 1
    sed -n "${n}p;\\$p" "$ANSWERS" | head -n 1 ;;
  *" logs "*) echo "the log of $4" ;;
  *exitCode*) printf '%s' "$EXIT" ;;
  *) printf '%s' "$POD" ;;
esac
"""


class Cluster:
    """What a cluster says, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "kubectl").write_text(STAND_IN)
        (folder / "kubectl").chmod(0o755)

    def run(self, *args: str, answers: str = "\nComplete\n", **said: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        (self.folder / "answers").write_text(answers)
        paths = {name: str(self.folder / name.lower()) for name in ("LOG", "BUILT", "ANSWERS")}
        path = os.pathsep.join([str(self.folder), os.environ["PATH"]])
        environment = {**os.environ, **paths, "PATH": path, "KUBECTL": str(KUBECTL), "POLL_S": "0"}
        environment |= {"POD": "pod-1", "EXIT": "0", **said}
        command = [str(KUBERNETES / "run.sh"), *args]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    @property
    def built(self) -> list[dict]:
        """What was created."""
        return list(yaml.safe_load_all((self.folder / "built").read_text()))

    @property
    def asked(self) -> str:
        """All commands, one a line."""
        return (self.folder / "log").read_text()


@pytest.fixture
def cluster(tmp_path):
    """A cluster of the test's own."""
    return Cluster(tmp_path)


IMAGE = "registry.example.com:5000/tenant-a/suite"


@pytest.mark.parametrize("status", [0, 1, 4, 6, 7])
def test_it_ends_as_the_suite_did(cluster, status):
    """After the Job has ended, whichever way, with the log of its pod."""
    ended = "\nComplete\n" if status == 0 else "\nFailureTarget\nFailureTarget Failed\n"
    done = cluster.run("tenant-a", "pull-request", "pr-42", f"{IMAGE}:1a2b", answers=ended, EXIT=str(status))
    assert (status, "the log of pod-1\n") == (done.returncode, done.stdout), done.stderr
    assert "--namespace tenant-a get job llmeval-pull-request-pr-42 " in cluster.asked


@pytest.mark.parametrize(
    "said", [{"EXIT": "137"}, {"EXIT": ""}, {"POD": ""}], ids=["out-of-memory", "no-status", "no-pod"]
)
def test_what_is_no_verdict_is_not_taken_for_one(cluster, said):
    """69, and the reason; neither green nor the status of a regression."""
    done = cluster.run("tenant-a", "pull-request", "pr-42", f"{IMAGE}:1a2b", answers="Failed\n", **said)
    assert 69 == done.returncode
    assert "no verdict from job llmeval-pull-request-pr-42: Failed" in done.stderr


def test_a_job_that_is_gone_is_not_waited_for(cluster):
    """A cluster that answers nothing, twelve times."""
    done = cluster.run("tenant-a", "pull-request", "pr-42", f"{IMAGE}:1a2b", answers="")
    assert (69, True) == (done.returncode, "cannot be seen any more" in done.stderr)


@pytest.mark.parametrize("version", [":1a2b", f"@sha256:{'0' * 64}"], ids=["tag", "digest"])
def test_a_run_has_its_own_name_image_and_namespace(cluster, version):
    """Both Jobs of a sharded run, and a label by which they find the same sessions; the merge's status counts."""
    cluster.run("tenant-b", "sharded", "main-7", f"{IMAGE}{version}")

    assert {"llmeval-shards-main-7", "llmeval-merge-main-7"} == {job["metadata"]["name"] for job in cluster.built}
    for job in cluster.built:
        template = job["spec"]["template"]
        assert "tenant-b" == job["metadata"]["namespace"]
        assert "main-7" == template["metadata"]["labels"]["llmeval/run"]
        assert f"{IMAGE}{version}" == template["spec"]["containers"][0]["image"]
        # What is not of this run keeps its name.
        (claim,) = [volume for volume in template["spec"]["volumes"] if "persistentVolumeClaim" in volume]
        assert "llmeval-sessions" == claim["persistentVolumeClaim"]["claimName"]
    assert "get job llmeval-merge-main-7 " in cluster.asked
    assert [] == list(KUBERNETES.glob(".run-*"))


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("tenant-a", "nightly", "x", "i:1"),
        ("tenant-a", "sharded", "PR_42", "i:1"),
        ("tenant-a", "sharded", "x" * 41, "i:1"),
        ("a\nresources: [/etc]", "sharded", "x", "i:1"),
        ("tenant-a", "sharded", "x", 'i:1"'),
        ("tenant-a", "sharded", "x", "i"),
    ],
    ids=["none", "another-kind", "a-name-that-is-none", "too-long", "no-tenant", "no-image", "no-version"],
)
def test_a_wrong_call_says_how_it_goes(cluster, args):
    """64, and nothing is created."""
    done = cluster.run(*args)
    assert (64, True) == (done.returncode, "run.sh TENANT pull-request|sharded RUN IMAGE" in done.stderr)
    assert not (cluster.folder / "log").exists()
