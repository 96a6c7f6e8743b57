#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# ./dev soak KIND [ROUNDS | SECONDS]: what the scenario tests show in seconds, for longer.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
parts=$top/cmake/dev
# shellcheck disable=SC1091,SC2034
{ . "$parts/say.sh"; . "$parts/build.sh"; }
cd "$top"
jobs=$(nproc 2>/dev/null || echo 2)

kind=${1-}
case $kind in
  reload) rounds=${2-200} ;;
  chaos) rounds=${2-300} ;;
  '') usage "soak: of what? known are: reload, chaos" ;;
  *) unknown_word "$kind" "reload chaos" ;;
esac
case $rounds in '' | *[!0-9]*) usage "soak: '$rounds' is not a number" ;; esac
configure dev -D CLUSTER_BUILD_TESTS=ON || exit 1
if [ "$kind" = chaos ]; then
  build dev scenario_adoption || exit 1
  # CLUSTER_TEST_SEED repeats one; each test case takes that long.
  say "reloads, supervisors killed, workers stopped and killed, changes of scale: twice $rounds seconds"
  CLUSTER_TEST_SECONDS=$rounds exec build/dev/tests/scenario/adoption/scenario_adoption "[chaos]"
fi
build dev scenario_reload || exit 1
say "$rounds rolling replacements of 4 workers"
CLUSTER_TEST_RELOADS=$rounds exec build/dev/tests/scenario/reload/scenario_reload \
  "back-to-back rolling replacements*"
