#!/usr/bin/env bash
# Starts the service with the README's command, tags a picture over HTTP, stops it with SIGTERM, and reads the tags back
# after a second start: what a first user does.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
pid=
trap '[ -n "$pid" ] && kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT

start() {
  PORT=0 DATA_DIR="$work/data" npm start >"$work/log" 2>&1 &
  pid=$!
  for _ in $(seq 1 120); do
    url=$(grep -o 'http://127.0.0.1:[0-9]*' "$work/log" | head -1 || true)
    [ -n "$url" ] && return
    kill -0 "$pid" 2>/dev/null || { cat "$work/log"; exit 1; }
    sleep 0.5
  done
  cat "$work/log"; exit 1
}

stop() {
  # By its own lock file: another service may run on this machine.
  node_pid=$(node -p 'JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8")).pid' "$work/data/database.lock")
  kill -TERM "$node_pid"
  wait "$pid" || true
  pid=
  grep -q '"stopped"' "$work/log" || { echo "did not stop in order"; cat "$work/log"; exit 1; }
}

picture=test/fixtures/images/tall.jpg
start
curl -fsS -F "image=@$picture" "$url/products/sku-1/tags" | tee "$work/first.json" | grep -q '"revision":1'
curl -fsS "$url/readyz" >/dev/null
stop
start
curl -fsS "$url/products/sku-1/tags" >"$work/second.json"
node -e '
  const [a, b] = process.argv.slice(1).map((file) => JSON.parse(require("node:fs").readFileSync(file, "utf8")));
  require("node:assert").deepStrictEqual(b, a);
' "$work/first.json" "$work/second.json"
stop
echo "started, tagged, stopped, started again, and nothing was lost"
