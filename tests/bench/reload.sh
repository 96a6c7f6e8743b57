#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The part of tests/bench/run that reloads servers under load and counts what clients lose.
set -eu
cd "$(dirname "$0")/../.."
out=build/bench
rounds=${ROUNDS:-40}
interval=${INTERVAL:-250}
mkdir -p "$out"
cmake --preset release -D CLUSTER_BUILD_TESTS=ON >"$out/configure.log" 2>&1 || { tail -n 5 "$out/configure.log" >&2; exit 1; }
cmake --build build/release --target example_90_workbench cluster_bench_reload >"$out/build.log" 2>&1 ||
  { tail -n 20 "$out/build.log" >&2; exit 1; }
clients=build/release/tests/bench/cluster_bench_reload

server=
trap '[ -z "$server" ] || kill -TERM "$server" 2>/dev/null || true' EXIT

# The port a fresh server may have: free a moment ago.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
wait_for() { python3 - "$1" <<'PY'
import socket, sys, time
for _ in range(500):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        sys.exit(0)
    except OSError:
        time.sleep(0.02)
sys.exit("the server does not answer")
PY
}
measure() { # NAME PORT, the server being started already
  wait_for "$2"
  "$clients" "$1" "$2" "$server" "$rounds" "$interval"
  kill -TERM "$server"
  wait "$server" 2>/dev/null || true
  server=
}

echo "== reload: $rounds reloads of 4 workers, one each $interval ms; a reload loses on average"
printf '%-10s %9s %8s %8s %8s %8s %9s\n' server answers refused reset closed 'cut/bad' announced

port=$(free_port)
build/release/examples/90_workbench --workers 4 --log-level error --listen "127.0.0.1:$port" &
server=$!
measure cluster "$port"

if ! command -v nginx >/dev/null 2>&1; then
  echo "nginx      left out: it is not installed"
  exit 0
fi
port=$(free_port)
root=$(pwd)/$out/nginx
mkdir -p "$root"
cat >"$root/nginx.conf" <<CONF
daemon off;
worker_processes 4;
pid $root/pid;
error_log $root/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600;
  server {
    listen 127.0.0.1:$port reuseport;
    location ~ ^/say/(?<number>[0-9]+)\$ { return 200 \$number; }
  }
}
CONF
nginx -p "$root" -c "$root/nginx.conf" &
server=$!
measure nginx "$port"
