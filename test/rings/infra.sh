#!/usr/bin/env bash
# Lints deploy/infra/*.yaml with AWS's own schemas. cfn-lint stands in a Python environment of its own, removed afterwards.
# What the templates grant is tested in test/deploy/templates.test.ts.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check cfn-lint==1.58.0
# Warnings count as errors; informational findings do not.
"$work/venv/bin/cfn-lint" --non-zero-exit-code warning deploy/infra/*.yaml
# A linter that finds nothing anywhere proves nothing: a misspelt property must be found.
sed 's/InferenceAmiVersion: !If/InferenceAmiVersoin: !If/' deploy/infra/clip-endpoint.yaml >"$work/broken.yaml"
if "$work/venv/bin/cfn-lint" "$work/broken.yaml" >"$work/found"; then
  echo "cfn-lint did not find a misspelt property" >&2
  exit 1
fi
grep -q InferenceAmiVersoin "$work/found"
echo "deploy/infra: $(ls deploy/infra/*.yaml | wc -l) templates are sound"
