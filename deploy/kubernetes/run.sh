#!/usr/bin/env bash
# Runs a suite in a tenant's namespace once, shows its log, and ends with its exit status: what a CI job calls.
#
#   run.sh TENANT pull-request|sharded RUN IMAGE
#
#   run.sh tenant-a pull-request pr-42-1a2b3c4 registry.example.com/tenant-a/suite:1a2b3c4
#
# RUN is a name that was not there before: small letters, digits and hyphens. 69: the cluster brought no verdict.
set -euo pipefail

# What may stand in the files that are written below, and nothing else.
word='^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$' tagged='^[A-Za-z0-9._:/-]+(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$'
if [ "$#" -ne 4 ] || ! [[ $2 =~ ^(pull-request|sharded)$ && $1 =~ $word && $3 =~ $word && $4 =~ $tagged ]]; then
  sed -n '4,8s/^# \{0,1\}//p' "$0" >&2
  exit 64
fi
tenant=$1 kind=$2 run=$3 image=$4
here=$(cd "$(dirname "$0")" && pwd)
job=llmeval-$kind-$run
if [ "$kind" = sharded ]; then job=llmeval-merge-$run; fi

# kubectl reads a kustomization from a folder only, and its bases by paths from there.
folder=$(mktemp -d "$here/.run-XXXXXX")
trap 'rm -rf "$folder"' EXIT
case $image in
  *@*) version="digest: \"${image#*@}\"" name=${image%%@*} ;;
  *) version="newTag: \"${image##*:}\"" name=${image%:*} ;;
esac
cat >"$folder/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: $tenant
nameSuffix: -$run
resources: [../$kind]
images: [{name: llmeval-suite, newName: "$name", $version}]
labels: [{pairs: {llmeval/run: "$run"}, includeTemplates: true}]
END

# create, and not apply: a run that was there is not run again.
kubectl create --kustomize "$folder"
ended='' failures=0
until [[ " $ended " =~ \ (Complete|Failed)\  ]]; do
  sleep "${POLL_S:-5}"
  if ended=$(kubectl --namespace "$tenant" get job "$job" \
    --output 'jsonpath={.status.conditions[?(@.status=="True")].type}'); then
    failures=0
  elif [ "$((failures += 1))" -ge 12 ]; then
    echo "run.sh: job $job cannot be seen any more" >&2
    exit 69
  fi
done

pods=(--namespace "$tenant" get pods --selector "batch.kubernetes.io/job-name=$job" --sort-by .metadata.creationTimestamp)
pod=$(kubectl "${pods[@]}" --output 'jsonpath={.items[-1:].metadata.name}')
status=
if [ -n "$pod" ]; then
  kubectl --namespace "$tenant" logs "$pod" --container suite || true
  status=$(kubectl "${pods[@]}" --output 'jsonpath={.items[-1:].status.containerStatuses[0].state.terminated.exitCode}')
fi
if [ -z "$status" ] || [ "$status" -gt 7 ]; then
  echo "run.sh: no verdict from job $job: $ended, exit status ${status:-unknown}" >&2
  status=69
fi
exit "$status"
