#!/usr/bin/env bash
# usage: djl.sh serve -- COMMAND …
#
# Packs and serves a tiny CLIP and a tiny SigLIP on loopback, runs COMMAND in the folder that this was called from, stops
# everything, and ends with COMMAND's exit code. COMMAND finds:
#   DJL_CLIP_URL, DJL_SIGLIP_URL          http://127.0.0.1:PORT, with /invocations and /ping
#   DJL_CLIP_MODEL, DJL_SIGLIP_MODEL      the folders of the weights, in transformers' layout
#   DJL_REFERENCE                         a folder with clip.json and siglip.json, see reference.py; set before, it is kept
set -euo pipefail
[ "${1:-}" != -- ] || shift
[ $# -gt 0 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
from=$PWD
reference=$(realpath -m "${DJL_REFERENCE:-.}")
cd "$(dirname "$0")"
scratch=$(mktemp -d)
servers=()
command_pid=
clean_up() {
  trap '' INT TERM HUP
  [ -z "$command_pid" ] || kill "$command_pid" 2>/dev/null || true
  # Each server leads a group of its own: itself, Java, and the workers.
  for group in "${servers[@]}"; do kill -TERM -- "-$group" 2>/dev/null || true; done
  for _ in $(seq 1 50); do
    alive=0
    for group in "${servers[@]}"; do kill -0 -- "-$group" 2>/dev/null && alive=1; done
    [ "$alive" = 1 ] || break
    sleep 0.1
  done
  for group in "${servers[@]}"; do kill -KILL -- "-$group" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
. ./prepare.sh
locked train
train
export HANGTAG_PACKAGED="$scratch/packaged"

kinds=(clip siglip)
for kind in "${kinds[@]}"; do
  pack "$kind"
  setsid ./serve.sh "$HANGTAG_PACKAGED/$kind"/*.tar.gz 0 >"$scratch/$kind.log" 2>&1 </dev/null &
  servers+=($!)
done
urls=()
for place in "${!kinds[@]}"; do
  log="$scratch/${kinds[$place]}.log"
  for _ in $(seq 1 600); do
    url=$(sed -n 's/^listening on \(http:[^ ]*\).*/\1/p' "$log")
    [ -z "$url" ] || break
    kill -0 "${servers[$place]}" 2>/dev/null || break
    sleep 0.2
  done
  [ -n "$url" ] || { tail -40 "$log" >&2; echo "${kinds[$place]} did not start" >&2; exit 1; }
  urls+=("$url")
done

[ -n "${DJL_REFERENCE:-}" ] || reference="$scratch/reference"
for place in "${!kinds[@]}"; do
  "$python" -W ignore reference.py "${kinds[$place]}" "${urls[$place]}" "$reference" || {
    tail -20 "$scratch/${kinds[$place]}.log" >&2
    exit 1
  }
done
echo "serving: clip at ${urls[0]}, siglip at ${urls[1]}"

# In the caller's own surroundings: what Python and its BLAS need is none of the command's.
cd "$from"
env -u LD_LIBRARY_PATH -u PYTHONPATH -u PYTHONDONTWRITEBYTECODE -u OMP_NUM_THREADS -u HF_HUB_OFFLINE -u HANGTAG_PACKAGED \
  DJL_CLIP_URL="${urls[0]}" DJL_SIGLIP_URL="${urls[1]}" DJL_REFERENCE="$reference" \
  DJL_CLIP_MODEL="$HANGTAG_TINY/tiny-clip" DJL_SIGLIP_MODEL="$HANGTAG_TINY/tiny-siglip" "$@" &
command_pid=$!
status=0
wait "$command_pid" || status=$?
command_pid=
exit "$status"
