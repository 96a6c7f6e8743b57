#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# ./dev pictures: the pictures of clusterctl in the documents, made of the real programs on a real terminal.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
parts=$top/cmake/dev
# shellcheck disable=SC1091,SC2034
{ . "$parts/say.sh"; . "$parts/build.sh"; }
cd "$top"
jobs=$(nproc 2>/dev/null || echo 2)
for tool in tmux python3; do
  command -v "$tool" >/dev/null || usage "pictures: needs $tool"
done
configure dev || exit 1
build dev clusterctl example_90_workbench || exit 1

home=$(mktemp -d)
screen() { env -u TMUX LC_ALL=C.UTF-8 tmux -S "$home/tmux" "$@"; }
finish() {
  [ -z "${load-}" ] || kill "$load" 2>/dev/null || true
  screen kill-server 2>/dev/null || true
  build/dev/clusterctl delete shop api >/dev/null 2>&1 || true
  rm -rf "$home"
}
trap finish EXIT
export XDG_RUNTIME_DIR="$home" PATH="$top/build/dev:$PATH"
unset CLUSTER_CONTROL
cat >"$home/apps.json" <<APPS
{"apps": [
  {"name": "shop", "script": "$top/build/dev/examples/90_workbench", "instances": 4, "listen": "127.0.0.1:0"},
  {"name": "api", "script": "$top/examples/30_foreign/server.py", "instances": 2, "listen": "127.0.0.1:0",
   "wait_ready": true}
]}
APPS
clusterctl start "$home/apps.json"
port=$(clusterctl list --name shop --json | python3 -c 'import json, sys
print(json.load(sys.stdin)["listeners"][0]["uri"].rsplit(":")[-1])')
# Some life on the screen: clients for a minute at most, at a steady pace.
python3 - "$port" <<'CLIENTS' &
import http.client, sys, threading, time
def client(port):
    line = http.client.HTTPConnection("127.0.0.1", port)
    end = time.time() + 60
    while time.time() < end:
        line.request("GET", "/say/1"); line.getresponse().read(); time.sleep(0.02)
for _ in range(12): threading.Thread(target=client, args=(int(sys.argv[1]),), daemon=True).start()
time.sleep(60)
CLIENTS
load=$!

# A prompt that means: what was asked for is on the screen.
screen -f /dev/null new-session -d -x 80 -y 24 'exec env PS1="\$ " HISTFILE= TERM=screen-256color sh'
shot() { # NAME TEXT: takes the picture when TEXT is on the screen
  tries=0
  until screen capture-pane -p | grep -q "$2"; do
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || { complain "pictures: no '$2' on the screen"; exit 1; }
    sleep 0.1
  done
  screen capture-pane -e -p | python3 cmake/dev/screen_to_svg.py >"docs/operations/$1.svg"
  say "docs/operations/$1.svg"
}
sleep 3 # rates are of the last second
screen send-keys 'clear; clusterctl list; clusterctl list shop' Enter
shot list 'LAST EXIT\|SLOT'
screen send-keys 'clear; clusterctl monit --name shop' Enter
sleep 4 # a piece of history for the curves
shot monit 'ready'
screen send-keys q
