#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# ./dev soak KIND [ROUNDS | SECONDS | MINUTES]: what the scenario tests show in seconds, for longer.
# CLUSTER_SOAK_BUILD names the build to use, such as asan or tsan; dev if it is not set.
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
  sessions) rounds=${2-50} ;;
  chaos) rounds=${2-300} ;;
  kills) rounds=${2-20} ;;
  rollout-kills) rounds=${2-50} ;;
  noise) rounds=${2-10} ;;
  '') usage "soak: of what? known are: reload, sessions, chaos, kills, rollout-kills, noise" ;;
  *) unknown_word "$kind" "reload sessions chaos kills rollout-kills noise" ;;
esac
case $rounds in '' | *[!0-9]*) usage "soak: '$rounds' is not a number" ;; esac
preset=${CLUSTER_SOAK_BUILD-dev}
configure "$preset" -D CLUSTER_BUILD_TESTS=ON -D CLUSTER_BUILD_EXAMPLES=ON || exit 1
if [ "$kind" = chaos ]; then
  build "$preset" scenario_adoption || exit 1
  # CLUSTER_TEST_SEED repeats one; each test case takes that long.
  say "reloads, supervisors killed and upgraded, workers stopped, hung and killed, changes of scale:" \
    "twice $rounds seconds"
  CLUSTER_TEST_SECONDS=$rounds exec "build/$preset/tests/scenario/adoption/scenario_adoption" "[chaos]"
fi
if [ "$kind" = kills ]; then
  build "$preset" scenario_adoption || exit 1
  say "$rounds kills of the supervisor, and $rounds upgrades, under clients of all kinds"
  CLUSTER_TEST_KILLS=$rounds CLUSTER_TEST_UPGRADES=$rounds \
    exec "build/$preset/tests/scenario/adoption/scenario_adoption" "killed supervisors*,upgrades in place*"
fi
if [ "$kind" = rollout-kills ]; then
  build "$preset" scenario_adoption || exit 1
  say "$rounds kills of the supervisor at random moments of a rolling replacement"
  CLUSTER_TEST_KILLS=$rounds exec "build/$preset/tests/scenario/adoption/scenario_adoption" \
    "a supervisor killed in the middle of a roll-out*"
fi
if [ "$kind" = noise ]; then
  build "$preset" scenario_noise || exit 1
  # CLUSTER_TEST_SEED repeats one.
  say "64 connections of random octets: $rounds minutes"
  CLUSTER_TEST_SECONDS=$((60 * rounds)) exec "build/$preset/tests/scenario/noise/scenario_noise"
fi
build "$preset" scenario_reload || exit 1
if [ "$kind" = sessions ]; then
  say "16 WebSocket sessions that number their messages: $rounds rolling replacements of 2 workers"
  CLUSTER_TEST_RELOADS=$rounds exec "build/$preset/tests/scenario/reload/scenario_reload" "numbered echoes over reloads*"
fi
say "$rounds rolling replacements of 4 workers"
CLUSTER_TEST_RELOADS=$rounds exec "build/$preset/tests/scenario/reload/scenario_reload" \
  "back-to-back rolling replacements*"
