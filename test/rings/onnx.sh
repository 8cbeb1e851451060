#!/usr/bin/env bash
# From a checkpoint to hangtag's vectors: tiny CLIP and SigLIP models are exported by "model export", opened as the
# service opens them, and compared with what transformers computes with the checkpoints. Twice: models with other random
# weights by the tests of npm test, and the trained ones of test/rings/djl.sh, which have other sizes.
# Needs PyPI and Debian's packages on the first run, as test/rings/djl.sh does, and shares its folder.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$(test/rings/djl/install.sh)
python="$cache/venv/bin/python"
export LD_LIBRARY_PATH="$cache/openblas" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" HF_HUB_OFFLINE=1
export PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quietly() { # warnings of torch and transformers are shown only where something failed
  "$@" 2>"$work/warnings" || { cat "$work/warnings" >&2; exit 1; }
}

echo "== other random weights, by the tests of npm test"
SEED=12 quietly "$python" test/fixtures/onnx-clip/make.py "$work/random"
ONNX_CLIP_FIXTURES="$work/random" npx vitest run test/adapters/inference/onnx-clip.test.ts "$@"

echo "== trained weights, by the command"
quietly "$python" test/rings/djl/make_tiny.py "$work/trained" clip siglip
for kind in clip siglip; do
  quietly npm run --silent hangtag -- model export "$work/trained/tiny-$kind" --to "$work/out/$kind" --python "$python"
  quietly "$python" test/rings/onnx/reference.py "$kind" "$work/trained/tiny-$kind" "$work/$kind.json"
  npx tsx test/rings/onnx/compare.ts "$work/out/$kind" "$work/$kind.json"
done
