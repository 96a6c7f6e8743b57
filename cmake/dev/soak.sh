#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# ./dev soak KIND [ROUNDS]: what the scenario tests show in seconds, for longer.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
parts=$top/cmake/dev
# shellcheck disable=SC1091,SC2034
{ . "$parts/say.sh"; . "$parts/build.sh"; }
cd "$top"
jobs=$(nproc 2>/dev/null || echo 2)

kind=${1-}
rounds=${2-200}
case $rounds in '' | *[!0-9]*) usage "soak: '$rounds' is not a number of rounds" ;; esac
case $kind in
  reload) ;;
  '') usage "soak: of what? known is: reload" ;;
  *) unknown_word "$kind" "reload" ;;
esac
configure dev -D CLUSTER_BUILD_TESTS=ON || exit 1
build dev scenario_reload || exit 1
say "$rounds rolling replacements of 4 workers"
CLUSTER_TEST_RELOADS=$rounds exec build/dev/tests/scenario/reload/scenario_reload \
  "back-to-back rolling replacements*"
