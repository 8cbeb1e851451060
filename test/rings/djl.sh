#!/usr/bin/env bash
# Packs deploy/clip with tiny models by `deploy clip package`, serves it with DJL's Python engine, and asks it everything
# that its README promises.
#   bash test/rings/djl.sh                       all of it
#   bash test/rings/djl.sh unit                  the handler's parts alone, without a server
#   bash test/rings/djl.sh serve -- COMMAND …    COMMAND while a tiny CLIP and a tiny SigLIP are served: djl/serving.sh
# The first run needs Maven's, PyPI's and Debian's packages, as root; they are kept in $HANGTAG_DJL_CACHE. DJL_RESULTS=FILE
# gets the counts as JSON.
set -euo pipefail
case "${1:-all}" in
  all | unit) [ $# -le 1 ] ;;
  serve) shift; exec "$(dirname "$0")/djl/serving.sh" "$@" ;;
  *) false ;;
esac || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
cd "$(dirname "$0")/djl"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. ./prepare.sh

run() { # the tests of one folder; a failure does not keep the next ones from being counted
  "$python" -W ignore tests.py "$1" "$scratch/counts" "${@:2}" 2>&1 || failed=1
}
failed=0
echo "== the handler's parts"
run unit -b
if [ "${1:-all}" = all ]; then
  locked train
  train
  export HANGTAG_PACKAGED="$scratch/packaged"
  for kind in clip siglip open-clip; do pack "$kind"; done
  echo "== served"
  run served -v
fi
[ -z "${DJL_RESULTS:-}" ] || cp "$scratch/counts" "$DJL_RESULTS"
"$python" -c '
import json, sys
counts = json.load(open(sys.argv[1]))
print("{numPassedTests} passed, {numFailedTests} failed, {numPendingTests} skipped".format(**counts))' "$scratch/counts"
exit "$failed"
