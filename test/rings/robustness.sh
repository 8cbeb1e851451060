#!/usr/bin/env bash
# The long runs against the built service: hostile images, generated requests, raw sockets, kills, a full disk.
#   test/rings/robustness.sh [argument of vitest ...]
# ROBUSTNESS_REQUESTS, ROBUSTNESS_SEED, KILL_ROUNDS and EVENT_KILL_ROUNDS raise or change what is tried.
set -euo pipefail
cd "$(dirname "$0")/../.."
npm run --silent build
export SERVICE_ENTRY=dist/main.js
export LONG_RUNS=1
export ROBUSTNESS_REQUESTS=${ROBUSTNESS_REQUESTS:-10000}
export KILL_ROUNDS=${KILL_ROUNDS:-20}
export EVENT_KILL_ROUNDS=${EVENT_KILL_ROUNDS:-10}
npx vitest run test/hostile test/robustness test/journeys/kill.test.ts test/journeys/stop.test.ts \
  test/journeys/disk-full.test.ts test/adapters/inference/bundled.test.ts \
  test/journeys/{accepted-work,delivering-kill,events-kill,import,imports,taxonomies,taxonomies-guide,webhooks}.test.ts \
  test/domain/tagging/compiled-scoring.test.ts "$@"
