"""The Kubernetes manifests: as kubectl builds them, by the published schemas, and tenants apart.

No cluster: what a cluster itself would refuse or retry is read off the manifests, by the rules that are named.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from pytest_llmeval.options.stores import RUN_ID
from pytest_llmeval.options.table import OPTIONS

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
TENANTS = ["tenant-a", "tenant-b"]
JOBS = ["llmeval-merge", "llmeval-nightly", "llmeval-pull-request", "llmeval-shards"]
BUILDS = ["pull-request", "sharded", *(f"tenants/{name}" for name in TENANTS)]
VERSIONS = ["1.33", "1.37"]
each_job = pytest.mark.parametrize("name", JOBS)
each_tenant = pytest.mark.parametrize("tenant", TENANTS)


def _program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


@cache
def _text(folder: str) -> str:
    """Return what kubectl makes of a folder."""
    command = [_program("kubectl"), "kustomize", str(KUBERNETES / folder)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours


@cache
def _objects(folder: str) -> list[dict]:
    return list(yaml.safe_load_all(_text(folder)))


def _texts() -> str:
    return "".join(map(_text, BUILDS))


@cache
def _job(name: str) -> dict:
    """Return the spec of a Job, or of what a CronJob starts."""
    specs = [one["spec"] for folder in BUILDS for one in _objects(folder) if one["metadata"]["name"] == name]
    return specs[0].get("jobTemplate", {"spec": specs[0]})["spec"]


def _only(folder: str, kind: str) -> dict:
    (found,) = (one for one in _objects(folder) if one["kind"] == kind)
    return found


def _settings(folder: str) -> dict[str, dict[str, str]]:
    return {one["metadata"]["name"]: one["data"] for one in _objects(folder) if one["kind"] == "ConfigMap"}


def _suite(job: str) -> dict:
    (container,) = _job(job)["template"]["spec"]["containers"]
    return container


def _sources(job: str) -> set[str]:
    return {f"{kind}/{which['name']}" for one in _suite(job).get("envFrom", ()) for kind, which in one.items()}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("folder", BUILDS)
def test_what_kubectl_builds_is_what_a_cluster_reads(folder, version, tmp_path):
    """By the schemas of that version of Kubernetes; a field that it does not know is an error."""
    (tmp_path / "all.yaml").write_text(_text(folder))
    command = [_program("kubernetes-validate"), "--strict", "-k", version, str(tmp_path / "all.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert 0 == done.returncode, done.stdout + done.stderr


@each_job
def test_a_pod_is_one_that_the_restricted_profile_admits(name):
    """Pod Security Standards, "restricted": all that the manifests could break; and a read-only root."""
    pod = _job(name)["template"]["spec"]
    assert (True, {"type": "RuntimeDefault"}) == tuple(
        pod["securityContext"][key] for key in ("runAsNonRoot", "seccompProfile")
    )
    assert pod["securityContext"]["runAsUser"] > 0
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == _suite(name)["securityContext"]
    kinds = {key for volume in pod["volumes"] for key in volume if key != "name"}
    assert {"emptyDir", "persistentVolumeClaim"} >= kinds
    assert {"hostNetwork", "hostPID", "hostIPC", "initContainers"}.isdisjoint(pod)


@each_job
def test_a_pod_has_no_token_and_no_more_than_its_share(name):
    """Neither the account nor the pod mounts one; the quota needs requests and limits of what it counts."""
    pod = _job(name)["template"]["spec"]
    assert (False, False) == (pod["automountServiceAccountToken"], pod["enableServiceLinks"])
    assert pod["serviceAccountName"] == _only("tenants/tenant-a", "ServiceAccount")["metadata"]["name"]
    assert _only("tenants/tenant-a", "ServiceAccount")["automountServiceAccountToken"] is False
    resources = _suite(name)["resources"]
    assert {"cpu", "memory", "ephemeral-storage"} == set(resources["requests"]) == set(resources["limits"])


@each_job
def test_what_pytest_says_is_not_tried_again_and_what_the_cluster_does_is(name):
    """Exit statuses 1 to 7 end the Job, or the shard, at once; a disruption is not counted; all else is tried again."""
    spec = _job(name)
    disrupted, said = spec["podFailurePolicy"]["rules"]
    assert ("Ignore", [{"type": "DisruptionTarget", "status": "True"}]) == (
        disrupted["action"],
        disrupted["onPodConditions"],
    )
    is_indexed = spec.get("completionMode") == "Indexed"
    assert ("FailIndex" if is_indexed else "FailJob") == said["action"]
    assert {"containerName": "suite", "operator": "In", "values": [1, 2, 3, 4, 5, 6, 7]} == said["onExitCodes"]
    assert 2 == spec["backoffLimitPerIndex" if is_indexed else "backoffLimit"]
    # Without this the API refuses a podFailurePolicy.
    assert ("Never", "suite") == (spec["template"]["spec"]["restartPolicy"], _suite(name)["name"])


@each_tenant
def test_a_tenant_has_all_that_is_its_own_in_its_own_namespace(tenant):
    """Everything that is built is there, or is the namespace itself, which enforces the restricted profile."""
    objects = _objects(f"tenants/{tenant}")
    namespace = _only(f"tenants/{tenant}", "Namespace")
    assert tenant == namespace["metadata"]["name"]
    assert "restricted" == namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert {tenant} == {one["metadata"]["namespace"] for one in objects if one["kind"] != "Namespace"}
    kinds = {one["kind"] for one in objects}
    assert {"ResourceQuota", "NetworkPolicy", "ServiceAccount", "PersistentVolumeClaim", "CronJob"} <= kinds


def test_two_tenants_share_no_setting_that_keeps_them_apart():
    """The store's role, MLflow's workspace, the Pushgateway's job and the image are the tenant's own."""
    for tenant in TENANTS:
        settings = _settings(f"tenants/{tenant}")
        name = tenant.replace("-", "_")
        assert name == settings["llmeval"]["LLMEVAL_TENANT"]
        assert f"//llmeval_{name}@" in settings["llmeval"]["LLMEVAL_STORE"]
        assert tenant == settings["llmeval-reports"]["MLFLOW_WORKSPACE"]
        assert settings["llmeval-reports"]["LLMEVAL_PUSHGATEWAY"].endswith(f"/metrics/job/{tenant}")
    a, b = (_text(f"tenants/{tenant}") for tenant in TENANTS)
    assert not re.search("tenant.b", a)
    assert re.sub("(tenant.)a", r"\1b", a) == b


def test_no_secret_stands_in_a_file():
    """They are named, and made elsewhere."""
    assert [] == [one for folder in BUILDS for one in _objects(folder) if one["kind"] == "Secret"]
    assert not re.search(r"sk-|password", _texts(), re.IGNORECASE)


def test_a_pull_request_has_no_secret_and_reports_nowhere():
    """It runs code that nobody has read: no key, no tracker, nothing that other runs have left."""
    assert set() == _sources("llmeval-pull-request")
    volumes = _job("llmeval-pull-request")["template"]["spec"]["volumes"]
    assert [] == [volume for volume in volumes if "emptyDir" not in volume]


def test_of_a_sharded_run_only_the_merge_reports():
    """And only the shards have the gateway's key; both have the store's."""
    both = {"configMapRef/llmeval", "secretRef/llmeval-store"}
    assert both | {"secretRef/llmeval"} == _sources("llmeval-shards")
    assert both | {"configMapRef/llmeval-reports", "secretRef/llmeval-reports"} == _sources("llmeval-merge")


def test_every_machine_of_a_sharded_run_knows_how_many_there_are():
    """As many as the Job starts, at once; the merge waits longer than a shard may take."""
    spec = _job("llmeval-shards")
    told = {
        name: {one["name"]: one.get("value") for one in _suite(name)["env"]}
        for name in ("llmeval-shards", "llmeval-merge")
    }
    assert {str(spec["completions"])} == {environment["SHARDS"] for environment in told.values()}
    assert spec["completions"] == spec["parallelism"]
    merge = _job("llmeval-merge")["activeDeadlineSeconds"]
    assert spec["activeDeadlineSeconds"] <= int(told["llmeval-merge"]["WAIT_S"]) < merge


def test_a_pod_reaches_names_and_the_engines_and_nobody_reaches_it():
    """Every pod of the namespace; four engines by namespace, label and port; no address, so no internet."""
    spec = _only("tenants/tenant-a", "NetworkPolicy")["spec"]
    assert ({}, {"Ingress", "Egress"}) == (spec["podSelector"], set(spec["policyTypes"]))
    assert not spec.get("ingress")
    doors = {}
    for rule in spec["egress"]:
        (to,) = rule["to"]
        assert {"namespaceSelector", "podSelector"} == set(to)
        (label,) = to["podSelector"]["matchLabels"].values()
        doors[label] = {port["port"] for port in rule["ports"]}
    assert {"kube-dns": {53}, "litellm": {4000}, "mlflow": {5000}, "pushgateway": {9091}, "postgresql": {5432}} == doors


@each_tenant
def test_every_address_of_a_tenant_is_behind_a_door(tenant):
    """An engine that is named in the settings is one that the network lets through."""
    addresses = re.findall(r"(?://|@)([\w-]+)\.([\w-]+)\.svc:(\d+)", _text(f"tenants/{tenant}"))
    rules = _only(f"tenants/{tenant}", "NetworkPolicy")["spec"]["egress"]
    doors = {
        (
            *to["podSelector"]["matchLabels"].values(),
            *to["namespaceSelector"]["matchLabels"].values(),
            str(port["port"]),
        )
        for rule in rules
        for to in rule["to"]
        for port in rule["ports"]
    }
    assert addresses
    assert set(addresses) <= doors


def test_every_setting_is_one_that_we_read():
    """A misspelt variable would be silent."""
    known = {option.variable for option in OPTIONS} | {RUN_ID}
    assert [] == [name for name in re.findall(r"\bLLMEVAL_\w+", _texts()) if name not in known]
    flags = {option.flag for option in OPTIONS if option.has_flag}
    used = {word.partition("=")[0] for name in JOBS for word in _suite(name)["args"] if name != "llmeval-merge"}
    assert used <= flags
