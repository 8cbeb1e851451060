#!/usr/bin/env bash
# Prints the folder with what make.py makes; made once, with the Python of test/rings/djl.sh and a quantizer beside it.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$(test/rings/djl/install.sh)
quantizer="$cache/quantizer-onnxruntime-1.20.1"
out="$cache/vit-b-32-$(cat bench/clip/make.py deploy/export/export.py | sha256sum | cut -c1-12)"
if [ ! -e "$out/done" ]; then
  {
    [ -d "$quantizer" ] || {
      rm -rf "$quantizer.part"
      "$cache/venv/bin/python" -m pip install -q --no-deps --target "$quantizer.part" \
        onnx==1.16.2 onnxruntime==1.20.1 flatbuffers==24.3.25 coloredlogs==15.0.1 humanfriendly==10.0
      mv "$quantizer.part" "$quantizer"
    }
    rm -rf "$out" && mkdir -p "$out"
    env LD_LIBRARY_PATH="$cache/openblas" PYTHONPATH="$quantizer" HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1 \
      PYTHONWARNINGS=ignore "$cache/venv/bin/python" bench/clip/make.py "$out"
    touch "$out/done"
  } >&2
fi
echo "$out"
