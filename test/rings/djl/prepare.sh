# To be sourced in this folder: installs what the ring needs and gives `train`, which makes the tiny models once, and `pack`,
# which packs one into $HANGTAG_PACKAGED with the command that a user has.
cache=$(./install.sh)
python="$cache/venv/bin/python"
repository=$(cd ../../.. && pwd)
export LD_LIBRARY_PATH="$cache/openblas" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" HF_HUB_OFFLINE=1
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$repository/deploy/clip:$cache/lib/python-0.34.0.jar"

train() {
  local photos mark
  photos=${HANGTAG_PHOTOS:-$repository/../shared/photos}
  mark=$(cat make_tiny.py "$photos/labels.csv" 2>/dev/null | sha256sum | cut -c1-16 || true)
  export HANGTAG_TINY="$cache/tiny-$mark"
  [ -e "$HANGTAG_TINY/done" ] && return
  echo "== tiny models"
  rm -rf "$cache"/tiny-*
  "$python" -W ignore make_tiny.py "$HANGTAG_TINY" clip siglip open_clip
  touch "$HANGTAG_TINY/done"
}

# The archive of the kind clip, siglip or open-clip, by the command. Twice, because the same content gives the same file.
pack() {
  local kind=$1 first again
  first=$(hangtag deploy clip package --to "$HANGTAG_PACKAGED/$kind" --weights "$HANGTAG_TINY/tiny-$kind")
  again=$(hangtag deploy clip package --to "$HANGTAG_PACKAGED/$kind" --weights "$HANGTAG_TINY/tiny-$kind")
  [ -s "$first" ] && [ "$first" = "$again" ] && [ "$(ls "$HANGTAG_PACKAGED/$kind" | wc -l)" = 1 ] || {
    echo "packing twice gave two different files: $first, $again" >&2
    return 1
  }
}
hangtag() { (cd "$repository" && env -u LD_LIBRARY_PATH npm run --silent hangtag -- "$@"); }

# Two runs at a time would train into the same folder.
locked() {
  (
    flock 9
    "$@"
  ) 9>"$cache/lock"
}
