#!/usr/bin/env bash
# Packs deploy/clip with tiny models, serves it with DJL's engine, and asks it everything that its README promises.
# Needs Maven, PyPI and Debian's packages on the first run (220 MB, then kept in $HANGTAG_DJL_CACHE).
#   bash test/rings/djl.sh           all of it
#   bash test/rings/djl.sh unit      the parts alone, without a server
set -euo pipefail
cd "$(dirname "$0")/djl"
cache=$(./install.sh)
python="$cache/venv/bin/python"
export LD_LIBRARY_PATH="$cache/openblas" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" HF_HUB_OFFLINE=1
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$(cd ../../../deploy/clip && pwd):$cache/lib/python-0.34.0.jar"

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
counted() { # the tests of one folder, their lines shown and counted
  "$python" -W ignore -m unittest discover "$@" -t . 2>&1 | tee -a "$reports/lines"
}
total() { sed -n 's/^Ran \([0-9]*\) tests.*/\1/p' "$reports/lines" | awk '{n += $1} END {print n}'; }

echo "== the handler's parts"
counted -b -s unit
if [ "${1:-all}" != all ]; then
  echo "$(total) passed, 0 failed"
  exit
fi

echo "== tiny models"
photos=${HANGTAG_PHOTOS:-../../../../shared/photos}
mark=$(cat make_tiny.py "$photos/labels.csv" 2>/dev/null | sha256sum | cut -c1-16 || true)
export HANGTAG_TINY="$cache/tiny-$mark"
if [ ! -e "$HANGTAG_TINY/done" ]; then
  rm -rf "$cache"/tiny-*
  "$python" -W ignore make_tiny.py "$HANGTAG_TINY" clip siglip open_clip
  touch "$HANGTAG_TINY/done"
fi

export HANGTAG_PACKAGED="$reports/packaged"
for kind in clip siglip open-clip; do
  ../../../deploy/package.sh clip "$HANGTAG_PACKAGED/$kind" "$HANGTAG_TINY/tiny-$kind" >/dev/null
  ../../../deploy/package.sh clip "$HANGTAG_PACKAGED/$kind" "$HANGTAG_TINY/tiny-$kind" >/dev/null
  [ "$(ls "$HANGTAG_PACKAGED/$kind" | wc -l)" = 1 ] || { echo "packing twice gave two different files"; exit 1; }
done

echo "== served"
counted -v -s served
echo "$(total) passed, 0 failed"
