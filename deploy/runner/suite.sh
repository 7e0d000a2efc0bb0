#!/bin/sh
# Runs pytest on a suite, leaves its session where it outlives the machine, and ends as pytest did.
#
#   SESSIONS   a folder that is kept; without it nothing is left anywhere
#   RUN        a name for this run, the same on all its machines
#   SHARDS     how many machines share the suite; JOB_COMPLETION_INDEX, from 0, says which this one is
set -u

shard=
if [ -n "${SHARDS:-}" ]; then
  shard=$((JOB_COMPLETION_INDEX + 1))
  set -- "--llmeval-shard=$shard/$SHARDS" "$@"
fi

# The first process of a container gets its signals, and a shell hands none on by itself.
python -m pytest "$@" &
pytest=$!
trap 'kill -TERM "$pytest" 2>/dev/null' TERM INT
wait "$pytest"
status=$?
# A signal ends the wait, and not pytest.
while kill -0 "$pytest" 2>/dev/null; do
  wait "$pytest"
  status=$?
done

session=.llmeval/${LLMEVAL_TENANT:+tenants/$LLMEVAL_TENANT/}session.jsonl
if [ -n "${SESSIONS:-}" ] && [ -f "$session" ]; then
  to="$SESSIONS/$RUN/${shard:+shard-}${shard:-session}.jsonl"
  # Under another name first: who waits for it must not read half of it.
  if ! { mkdir -p "${to%/*}" && cp "$session" "$to.part" && mv "$to.part" "$to"; }; then
    echo "suite.sh: the session is not in $to" >&2
    # A verdict stands. Without one, whoever started this must know that the session is missing.
    [ "$status" -ne 0 ] || status=74
  fi
fi
exit "$status"
