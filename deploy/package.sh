#!/usr/bin/env bash
# usage: deploy/package.sh clip OUT_FOLDER [WEIGHTS_FOLDER]
#
# Packs deploy/<name> as <name>-<first 12 of its sha256>.tar.gz with one top folder, as an LMI container wants it, and
# prints the path. The same content gives the same bytes. WEIGHTS_FOLDER is packed along as weights/, for a small model
# or a container without access to S3; otherwise set option.model_id.
set -euo pipefail
source=$(cd "$(dirname "$0")/$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$source" "$work/$1"
[ -z "${3:-}" ] || cp -r "$3" "$work/$1/weights"
find "$work" -name __pycache__ -prune -exec rm -rf {} +
find "$work" -name '*.md' -delete
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX -C "$work" -cf - "$1" | gzip -n -9 > "$work/tar"
target="$out/$1-$(sha256sum "$work/tar" | cut -c1-12).tar.gz"
mv "$work/tar" "$target"
echo "$target"
