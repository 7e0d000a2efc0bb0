#!/bin/sh
# Waits for the sessions of all shards, puts them together, and ends with the verdict of the whole.
#
#   SESSIONS, RUN, SHARDS   as for suite.sh
#   WAIT_S                  after so many seconds what is there is merged: llmeval merge names what is not, and ends with 6
set -u

until_s=$(($(date +%s) + WAIT_S))
while :; do
  n=0
  for file in "$SESSIONS/$RUN"/shard-*.jsonl; do
    [ -f "$file" ] && n=$((n + 1))
  done
  [ "$n" -lt "$SHARDS" ] && [ "$(date +%s)" -lt "$until_s" ] || break
  sleep 1
done
if [ "$n" -eq 0 ]; then
  echo "merge.sh: no shard has left a session in $SESSIONS/$RUN" >&2
  exit 6
fi
exec llmeval merge "$@" "$SESSIONS/$RUN"/shard-*.jsonl
