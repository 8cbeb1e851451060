#!/usr/bin/env bash
# Runs a command with a throw-away PostgreSQL server behind TEST_DATABASE_URL, and removes the server afterwards.
#   test/rings/postgres.sh npm test
# Works as root (the server then runs as the user postgres, or else nobody) and as anybody else. On Debian a missing
# PostgreSQL is installed, if that is allowed. Quiet, unless something goes wrong.
# SIGUSR1: the server is cut off and comes back after RESTART_SECONDS (5), for tests that look at what becomes of the rest.
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: $0 <command> [argument ...]" >&2
  exit 2
fi

find_programs() {
  local folder
  for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr) \
    "$(pg_config --bindir 2>/dev/null || true)" \
    "$(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/initdb)")"; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/postgres" ]; then
      echo "$folder"
      return
    fi
  done
}

programs="$(find_programs)"
if [ -z "$programs" ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  installing="$(mktemp)"
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql; } \
    >"$installing" 2>&1; then
    cat "$installing" >&2
  fi
  rm -f "$installing"
  programs="$(find_programs)"
fi
if [ -z "$programs" ]; then
  echo "PostgreSQL was not found. Install it (Debian: apt-get install -y postgresql) and try again." >&2
  exit 1
fi

folder="$(mktemp -d "${TMPDIR:-/tmp}/hangtag-postgres-XXXXXX")"
as_owner=()
if [ "$(id -u)" -eq 0 ]; then
  owner=postgres
  id -u "$owner" >/dev/null 2>&1 || owner=nobody
  chown "$owner" "$folder"
  as_owner=(setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups env HOME="$folder")
fi
server() { (cd "$folder" && "${as_owner[@]}" "$@"); }

command_pid=
clean_up() {
  trap '' INT TERM HUP
  if [ -n "$command_pid" ]; then kill "$command_pid" 2>/dev/null || true; fi
  if [ -f "$folder/data/postmaster.pid" ]; then
    server "$programs/pg_ctl" stop -D "$folder/data" -m immediate >/dev/null 2>&1 || true
  fi
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if ! server "$programs/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync \
  >"$folder/initdb.log" 2>&1; then
  cat "$folder/initdb.log" >&2
  exit 1
fi

# Any free port: another server may run here already, and a guess may be taken in between.
started=
for _ in 1 2 3 4 5; do
  port=$((20000 + RANDOM % 20000))
  options="-p $port -k $folder -c listen_addresses=127.0.0.1 -c max_connections=100"
  if server "$programs/pg_ctl" start -w -t 60 -D "$folder/data" -l "$folder/server.log" -o "$options" \
    >/dev/null 2>&1; then
    started=yes
    break
  fi
done
if [ -z "$started" ]; then
  cat "$folder/server.log" >&2
  exit 1
fi

export TEST_DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres"
restarted=
restart() {
  restarted=yes
  server "$programs/pg_ctl" stop -D "$folder/data" -m immediate >/dev/null 2>&1 || true
  sleep "${RESTART_SECONDS:-5}"
  server "$programs/pg_ctl" start -w -t 60 -D "$folder/data" -l "$folder/server.log" -o "$options" >/dev/null 2>&1
}
trap restart USR1
# Beside this shell, so that a signal reaches the trap at once.
"$@" &
command_pid=$!
status=0
while true; do
  status=0
  wait "$command_pid" || status=$?
  # A trap ends the waiting, and not the command.
  if [ -z "$restarted" ]; then break; fi
  restarted=
done
command_pid=
exit "$status"
