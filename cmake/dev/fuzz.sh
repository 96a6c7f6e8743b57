#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# ./dev fuzz [NAME] [SECONDS]: libFuzzer with ASan and UBSan, in build/fuzz. New inputs are kept in
# build/fuzz/corpus; the seeds beside the fuzzers are never written to.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
parts=$top/cmake/dev
# shellcheck disable=SC1091,SC2034
{ . "$parts/say.sh"; . "$parts/tools.sh"; }
cd "$top"

name=
seconds=30
for argument in "$@"; do
  case $argument in
    -*) usage "fuzz: '$argument' is unknown; it takes a name and a number of seconds" ;;
    *[!0-9]*) name=$argument ;;
    *) seconds=$argument ;;
  esac
done

say "configuring build/fuzz"
mkdir -p build
log=build/configure-fuzz.log
if ! cmake -S . -B build/fuzz -G Ninja -D CMAKE_BUILD_TYPE=RelWithDebInfo \
  -D CMAKE_CXX_COMPILER="$(newest_of clang++)" -D CLUSTER_SANITIZE=address,undefined \
  -D CLUSTER_BUILD_FUZZ=ON -D CLUSTER_BUILD_TESTS=OFF -D CLUSTER_BUILD_EXAMPLES=OFF \
  -D CLUSTER_BUILD_CLI=OFF >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  exit 1
fi
say "building the fuzzers"
cmake --build build/fuzz --target cluster_fuzzers

known=$(find build/fuzz/fuzz -maxdepth 1 -type f -perm -u+x -exec basename {} \; 2>/dev/null | sort | tr '\n' ' ')
[ -n "$known" ] || { complain "there are no fuzzers in tests/fuzz yet"; exit 1; }
if [ -n "$name" ]; then
  case " $known" in
    *" $name "*) known=$name ;;
    *) unknown_word "$name" "${known% }" ;;
  esac
fi

failed=0
for fuzzer in $known; do
  say "$fuzzer, $seconds seconds"
  corpus=build/fuzz/corpus/$fuzzer
  mkdir -p "$corpus" build/fuzz/findings
  set -- "$corpus"
  for seeds in "tests/fuzz/corpus/$fuzzer" "tests/fuzz/${fuzzer}_corpus"; do
    [ ! -d "$seeds" ] || set -- "$@" "$seeds"
  done
  log=build/fuzz/$fuzzer.log
  if "build/fuzz/fuzz/$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/findings/$fuzzer-" "$@" >"$log" 2>&1; then
    grep -E '^Done ' "$log" | sed 's/^/    /'
  else
    failed=$((failed + 1))
    tail -n 40 "$log"
    complain "$fuzzer found something; the input is in build/fuzz/findings, all of the output in $log"
  fi
done
exit "$((failed > 0))"
