#!/usr/bin/env bash
# The step of the action that tests: runs pytest as CI should, leaves what the next steps upload, and ends as pytest did.
#
# LLMEVAL_FOLDER   where pytest runs, from the checkout's root
# LLMEVAL_ARGS     more arguments of pytest, one a line
# LLMEVAL_OUT      a folder, made anew: session.jsonl, llmeval.md, llmeval.json, llmeval.xml
# GITHUB_OUTPUT    GitHub's: exit-status and verdict are added to it
set -euo pipefail

out=$(realpath -m "$LLMEVAL_OUT")
rm -rf "$out"
mkdir -p "$out"
cd "${LLMEVAL_FOLDER:-.}"

args=()
while IFS= read -r line; do
  if [ -n "$line" ]; then args+=("$line"); fi
done <<<"${LLMEVAL_ARGS:-}"

began=$(mktemp)
status=0
python -m pytest \
  --llmeval-report=term "--llmeval-report=md:$out/llmeval.md" \
  "--llmeval-report=json:$out/llmeval.json" "--llmeval-report=junit:$out/llmeval.xml" \
  ${args[@]+"${args[@]}"} || status=$?

# A session of an earlier step is not this one's.
if [ .llmeval/session.jsonl -nt "$began" ]; then
  cp .llmeval/session.jsonl "$out/session.jsonl"
fi
rm -f "$began"

verdict=
if [ -f "$out/llmeval.json" ]; then
  verdict=$(python -c '
import json, sys
verdict = json.load(open(sys.argv[1], encoding="utf-8"))["verdict"]
print(verdict["word"] if verdict and not verdict["invalid"] else "")' "$out/llmeval.json")
fi
{
  echo "exit-status=$status"
  echo "verdict=$verdict"
} >>"$GITHUB_OUTPUT"
exit "$status"
