#!/usr/bin/env bash
# usage: serve.sh MODEL PORT     serves a model folder, or a .tar.gz of one, on loopback until it is stopped.
# PORT 0 takes a free one; the line "listening on http://127.0.0.1:N" says which, once every worker is loaded.
#
# The engine, the worker processes and their protocol are DJL's own. The HTTP half is DJL's own too if
# $DJL_SERVING_LIB names a folder with the jars of ai.djl.serving:serving; otherwise it is front/, a stand-in.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
model=$(realpath "$1")
port=$2
cache=$("$here/install.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -f "$model" ]; then
  tar -xzf "$model" -C "$work"
  model=$(dirname "$(find "$work" -maxdepth 2 -name serving.properties | head -1)")
fi
# The engine names its workers' sockets by number: two servers with the same folder for them take each other's workers away.
mkdir "$work/tmp"
export PYTHON_EXECUTABLE="$cache/venv/bin/python" DJL_CACHE_DIR="${DJL_CACHE_DIR:-$cache/djl}"
export LD_LIBRARY_PATH="$cache/openblas" OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" HF_HUB_OFFLINE=1
options=(-Xmx512m -Dai.djl.offline=true "-Djava.io.tmpdir=$work/tmp")
if [ -n "${DJL_SERVING_LIB:-}" ]; then
  export SERVING_INFERENCE_ADDRESS="http://127.0.0.1:$port" SERVING_MANAGEMENT_ADDRESS="http://127.0.0.1:$port"
  java "${options[@]}" -cp "$DJL_SERVING_LIB/*" ai.djl.serving.ModelServer -m "clip::Python=file://$model" &
else
  java "${options[@]}" -Dorg.slf4j.simpleLogger.defaultLogLevel=info -cp "$cache/front:$cache/lib/*" Front "$model" "$port" &
fi
trap 'kill $! 2>/dev/null; wait; rm -rf "$work"' EXIT TERM INT
wait
