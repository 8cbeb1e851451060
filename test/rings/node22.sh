#!/usr/bin/env bash
# Runs a command under Node 22, the line after the one that everything is developed on, from a scratch folder that is
# removed afterwards. Packages stay as they are: what runs on both lines is installed once.
#   test/rings/node22.sh npx vitest run
# Node comes from the npm registry (the package `node`), so nothing of the machine changes.
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: $0 <command> [argument ...]" >&2
  exit 2
fi

scratch="$(mktemp -d "${TMPDIR:-/tmp}/hangtag-node22-XXXXXX")"
command_pid=
clean_up() {
  trap '' INT TERM HUP
  if [ -n "$command_pid" ]; then kill "$command_pid" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Its install script fetches the binary of this platform as a package; npm switches such scripts off unless told.
if ! npm install --prefix "$scratch" --no-save --no-audit --no-fund --ignore-scripts=false node@22 \
  >"$scratch/install.log" 2>&1; then
  cat "$scratch/install.log" >&2
  exit 1
fi
export PATH="$scratch/node_modules/node/bin:$PATH"
version="$(node --version)"
case "$version" in
  v22.*) echo "node $version" ;;
  *)
    echo "Node 22 was wanted, and node --version says $version." >&2
    cat "$scratch/install.log" >&2
    exit 1
    ;;
esac

# Beside this shell, so that a signal reaches the trap at once.
"$@" &
command_pid=$!
status=0
wait "$command_pid" || status=$?
command_pid=
exit "$status"
