#!/usr/bin/env bash
# Installs what the ring needs, pinned, into one folder, and prints that folder. Run again, it does nothing.
#   $HANGTAG_DJL_CACHE/lib       DJL's Python engine and what it depends on, from Maven
#   $HANGTAG_DJL_CACHE/front     the stand-in for the server's HTTP half (front/*.java), compiled
#   $HANGTAG_DJL_CACHE/venv      Debian's CPU torch with the packages of packages.txt
#   $HANGTAG_DJL_CACHE/openblas  a fast BLAS for that torch: the one it finds by default is thirty times slower
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${HANGTAG_DJL_CACHE:-${HOME:-${TMPDIR:-/tmp}}/.cache/hangtag/djl}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
mark=$(cat "$here/install.sh" "$here/pom.xml" "$here/packages.txt" "$here"/front/*.java | sha256sum | cut -d' ' -f1)
if [ "$(cat "$cache/installed" 2>/dev/null)" = "$mark" ]; then
  echo "$cache"
  exit
fi
exec 3>&1 1>&2
# One at a time; whoever waited finds it done.
if [ -z "${HANGTAG_DJL_LOCKED:-}" ]; then
  HANGTAG_DJL_LOCKED=1 flock "$cache/install.lock" "$0" >&3
  exit
fi
rm -rf "$cache/installed" "$cache/lib" "$cache/front" "$cache/venv" "$cache/openblas" "$cache/debs"

echo "== Debian's packages"
needed=()
[ -x /usr/bin/python3 ] || needed+=(python3)
command -v javac >/dev/null || needed+=(openjdk-17-jdk-headless)
command -v mvn >/dev/null || needed+=(maven)
# PyPI's torch of a current line comes with CUDA, half a gigabyte and more than two for its libraries; Debian's is for the CPU.
/usr/bin/python3 -c 'import torch; assert torch.__version__.startswith("1.13.")' 2>/dev/null || needed+=('python3-torch=1.13.*')
/usr/bin/python3 -c 'import PIL' 2>/dev/null || needed+=(python3-pil)
/usr/bin/python3 -c 'import numpy' 2>/dev/null || needed+=(python3-numpy)
/usr/bin/python3 -c 'import ensurepip' 2>/dev/null || needed+=(python3-venv)
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
[ ${#needed[@]} -eq 0 ] || apt-get install -y -qq --no-install-recommends "${needed[@]}"
# These two are only unpacked here: nothing on the machine starts to use another BLAS because of a test.
mkdir -p "$cache/debs"
(cd "$cache/debs" && apt-get download -qq libopenblas0-pthread 'python3-torchvision=0.14.*' 2>/dev/null)
for deb in "$cache"/debs/*.deb; do dpkg -x "$deb" "$cache/debs/x"; done
mv "$cache"/debs/x/usr/lib/*/openblas-pthread "$cache/openblas"

echo "== jars"
mvn -q -B -f "$here/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
  -Dmaven.repo.local="$cache/maven" -DoutputDirectory="$cache/lib"
for jar in python-0.34.0 api-0.34.0 netty-transport-4.1.119.Final slf4j-simple-2.0.17; do
  [ -s "$cache/lib/$jar.jar" ] || { echo "missing: $jar.jar"; exit 1; }
done
javac -d "$cache/front" -cp "$cache/lib/*" "$here"/front/*.java

echo "== Python packages"
/usr/bin/python3 -m venv --system-site-packages "$cache/venv"
"$cache/venv/bin/pip" install -q --no-deps -r "$here/packages.txt"
mv "$cache/debs/x/usr/lib/python3/dist-packages" "$cache/venv/torchvision"
echo "$cache/venv/torchvision" > "$("$cache/venv/bin/python" -c 'import site; print(site.getsitepackages()[0])')/torchvision.pth"
"$cache/venv/bin/python" -c '
import torch
from transformers import CLIPModel, SiglipModel
assert torch.version.cuda is None, "this torch brings CUDA"
assert torch.__version__.startswith("1.13."), "another torch than the pinned one"
print("torch", torch.__version__)'
rm -rf "$cache/debs" "$cache/maven"
echo "$mark" > "$cache/installed"
echo "$cache" >&3
