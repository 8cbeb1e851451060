#!/usr/bin/env bash
# Runs a command with a throw-away S3 server behind TEST_S3_ENDPOINT, and removes the server afterwards.
#   test/rings/s3.sh npx vitest run test/contracts
# The server is OpenStack Swift with its S3 door: an implementation of the protocol that nobody here wrote, which checks
# every signature and refuses a wrong secret. As root on Debian it is installed where missing. Quiet, unless something
# goes wrong. The command may kill the server's door, whose process id stands in TEST_S3_PID_FILE: it comes back on
# the same port once the file TEST_S3_PID_FILE.down is gone.
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: $0 <command> [argument ...]" >&2
  exit 2
fi

programs="swift-proxy-server swift-account-server swift-container-server swift-object-server swift-ring-builder"
missing() { for program in $programs; do command -v "$program" >/dev/null || return 0; done; return 1; }
if missing && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  installing="$(mktemp)"
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    swift-proxy swift-account swift-container swift-object; } >"$installing" 2>&1; then
    cat "$installing" >&2
  fi
  rm -f "$installing"
fi
if missing; then
  echo "OpenStack Swift was not found. Install it (Debian: apt-get install -y swift-proxy swift-account" \
    "swift-container swift-object) and try again." >&2
  exit 1
fi

folder="$(mktemp -d "${TMPDIR:-/tmp}/hangtag-s3-XXXXXX")"
pids=()
command_pid=
clean_up() {
  trap '' INT TERM HUP
  touch "$folder/stop"
  if [ -n "$command_pid" ]; then kill "$command_pid" 2>/dev/null || true; fi
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  if [ -f "$folder/door.pid" ]; then kill "$(cat "$folder/door.pid")" 2>/dev/null || true; fi
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

user="$(id -un)"
mkdir -p "$folder/devices/d1" "$folder/cache"
printf '[swift-hash]\nswift_hash_path_suffix = hangtag\nswift_hash_path_prefix = hangtag\n' >"$folder/swift.conf"

# What every server's settings begin with.
head_of() {
  cat <<EOF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $1
user = $user
workers = 0
devices = $folder/devices
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
swift_dir = $folder
recon_cache_path = $folder/cache
log_address = $folder/no-syslog
EOF
}

# The servers by their own programs, told where their settings are; Debian's paths are not ours to write.
serve() { python_of_swift "$1" "$folder/$1.conf" >>"$folder/$1.log" 2>&1; }
python_of_swift() {
  exec /usr/bin/python3 -c '
import sys
from swift.common import utils
utils.SWIFT_CONF_FILE = sys.argv[3] + "/swift.conf"
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(sys.argv[2], sys.argv[1] + "-server"))' "$1" "$2" "$folder"
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Ports in a row that nobody listens on.
base=
for _ in $(seq 1 50); do
  candidate=$((20000 + RANDOM % 20000))
  free=yes
  for offset in 0 1 2 3; do if listening $((candidate + offset)); then free=; fi; done
  if [ -n "$free" ]; then base=$candidate; break; fi
done
[ -n "$base" ] || { echo "no free ports" >&2; exit 1; }

offset=0
for kind in account container object; do
  offset=$((offset + 1))
  port=$((base + offset))
  { head_of "$port"; printf '[pipeline:main]\npipeline = %s-server\n[app:%s-server]\nuse = egg:swift#%s\n' \
    "$kind" "$kind" "$kind"; } >"$folder/$kind.conf"
  {
    swift-ring-builder "$folder/$kind.builder" create 4 1 0
    swift-ring-builder "$folder/$kind.builder" add --region 1 --zone 1 --ip 127.0.0.1 --port "$port" \
      --device d1 --weight 1
    swift-ring-builder "$folder/$kind.builder" rebalance
  } >>"$folder/rings.log" 2>&1 || { [ $? -le 1 ] || { cat "$folder/rings.log" >&2; exit 1; }; }
done
key=hangtag:tester
secret="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
{
  head_of "$base"
  cat <<EOF
[pipeline:main]
pipeline = catch_errors cache s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_hangtag_tester = $secret .admin
EOF
} >"$folder/proxy.conf"

for kind in account container object; do
  serve "$kind" &
  pids+=($!)
done
# The door comes back when it is killed, unless told to stay down.
(
  while [ ! -e "$folder/stop" ]; do
    if [ -e "$folder/door.pid.down" ]; then sleep 0.1; continue; fi
    serve proxy &
    echo $! >"$folder/door.pid"
    wait $! || true
  done
) 2>/dev/null &
pids+=($!)

up() { for offset in 0 1 2 3; do listening $((base + offset)) || return 1; done; }
for _ in $(seq 1 150); do up && break; sleep 0.2; done
if ! up; then tail -n 20 "$folder"/*.log >&2; exit 1; fi

export TEST_S3_ENDPOINT="http://127.0.0.1:$base" TEST_S3_PID_FILE="$folder/door.pid"
export TEST_S3_ACCESS_KEY_ID="$key" TEST_S3_SECRET_ACCESS_KEY="$secret"
status=0
"$@" &
command_pid=$!
wait "$command_pid" || status=$?
command_pid=
if [ "$status" -ne 0 ] && [ -n "${TEST_S3_LOGS:-}" ]; then tail -n 40 "$folder"/*.log >&2; fi
exit "$status"
