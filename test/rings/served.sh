#!/usr/bin/env bash
# Everything that hangtag itself does with the served models: its client, the whole service with its model on the endpoint,
# and the same weights in this process by ONNX. Runs within test/rings/djl.sh: bash test/rings/djl.sh serve -- bash test/rings/served.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${DJL_CLIP_MODEL:?run it as: bash test/rings/djl.sh serve -- bash test/rings/served.sh}"
cache=$(test/rings/djl/install.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for model in "$DJL_CLIP_MODEL" "$DJL_SIGLIP_MODEL"; do
  env LD_LIBRARY_PATH="$cache/openblas" OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 PYTHONWARNINGS=ignore PYTHONDONTWRITEBYTECODE=1 \
    npm run --silent hangtag -- model export "$model" --to "$work/$(basename "$model")" --python "$cache/venv/bin/python" \
    2>"$work/warnings" || { cat "$work/warnings" >&2; exit 1; }
done
ONNX_EXPORTS="$work" npx vitest run test/rings/sagemaker-served.test.ts test/rings/client-served.test.ts \
  test/rings/service-served.test.ts test/adapters/inference/sagemaker "$@"
