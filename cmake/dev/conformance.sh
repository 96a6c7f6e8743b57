#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# ./dev conformance: the WebSocket suite of Autobahn (its fuzzing client) against the workbench's /ws; cases 1
# to 7 and 10. The suite needs Python 2.7 or PyPy 2, on the path or of pyenv; if the package autobahntestsuite is
# not there it is installed into build/tools. Where there is no such Python, that is said and nothing is tried.
# WSTEST names the suite's program if it is somewhere else.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
parts=$top/cmake/dev
# shellcheck disable=SC1091,SC2034
{ . "$parts/say.sh"; . "$parts/build.sh"; }
cd "$top"
jobs=$(nproc 2>/dev/null || echo 2)
[ $# -eq 0 ] || usage "conformance: it takes nothing"

tools=$top/build/tools/autobahn
export PYTHONUSERBASE="$tools"
has_suite() { "$1" -c 'import autobahntestsuite' >/dev/null 2>&1; }
is_python2() { "$1" -c 'import sys; sys.exit(sys.version_info[0] != 2)' >/dev/null 2>&1; }

wstest=${WSTEST-}
if [ -z "$wstest" ] && wstest --help >/dev/null 2>&1; then wstest=wstest; fi
if [ -z "$wstest" ]; then
  python2=
  for python in python2.7 pypy2 pypy "${PYENV_ROOT-$HOME/.pyenv}"/versions/2.7*/bin/python2.7; do
    is_python2 "$python" || continue
    python2=$python
    has_suite "$python" && break
  done
  if [ -z "$python2" ]; then
    echo "SKIPPED: conformance: the suite needs Python 2.7 or PyPy 2, and there is none here"
    exit 0
  fi
  if ! has_suite "$python2"; then
    say "installing autobahntestsuite into build/tools"
    mkdir -p "$tools"
    "$python2" -m pip install --user autobahntestsuite >"$tools/install.log" 2>&1 || true
    has_suite "$python2" || {
      tail -n 5 "$tools/install.log" >&2
      echo "SKIPPED: conformance: autobahntestsuite could not be installed; see build/tools/autobahn/install.log"
      exit 0
    }
  fi
  wstest="$python2 -m autobahntestsuite.wstest"
fi

configure dev || exit 1
build dev example_90_workbench || exit 1
work=$top/build/conformance
rm -rf "$work"
mkdir -p "$work"
build/dev/examples/90_workbench --listen 127.0.0.1:0 --workers 1 --control off 2>"$work/log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true' EXIT
port=
for _ in $(seq 200); do
  kill -0 "$server" 2>/dev/null || break
  if grep -q ') is ready' "$work/log"; then
    port=$(sed -n 's/.*listening on tcp:\/\/127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/log")
    break
  fi
  sleep 0.1
done
[ -n "$port" ] || { cat "$work/log" >&2; complain "the workbench did not start"; exit 1; }

cat >"$work/spec.json" <<SPEC
{ "outdir": "$work/report",
  "servers": [ { "agent": "cluster", "url": "ws://127.0.0.1:$port/ws" } ],
  "cases": [ "1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*" ],
  "exclude-cases": [], "exclude-agent-cases": {} }
SPEC
say "Autobahn, cases 1 to 7 and 10"
# shellcheck disable=SC2086  # may be two words
$wstest -m fuzzingclient -s "$work/spec.json" >"$work/wstest.log" 2>&1 || {
  tail -n 20 "$work/wstest.log" >&2
  complain "wstest failed; all of it is in build/conformance/wstest.log"
  exit 1
}
python3 - "$work/report/index.json" <<'PYTHON'
import collections, json, sys
fine = ('OK', 'NON-STRICT', 'INFORMATIONAL')
with open(sys.argv[1]) as f: cases = json.load(f).get('cluster', {})
if not cases: sys.exit('the report holds no case')
count = collections.Counter()
for name, case in sorted(cases.items(), key=lambda c: [int(n) for n in c[0].split('.')]):
    for what in ('behavior', 'behaviorClose'):
        if case[what] not in fine: print('FAILED: case %s: %s %s' % (name, what, case[what]))
    count[case['behavior'] if case['behavior'] not in fine else case['behaviorClose'] if case['behaviorClose'] not in fine else case['behavior']] += 1
print('%d cases: %s' % (len(cases), ', '.join('%d %s' % (n, what) for what, n in count.most_common())))
sys.exit(0 if all(what in fine for what in count) else 1)
PYTHON
