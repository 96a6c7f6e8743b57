#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The source tree inside somebody's project.
# shellcheck disable=SC1091,SC2154  # checked by itself
. "$(dirname "$0")/common.sh"
fresh subdirectory

check "a project takes the library in" \
  configure "$here/subdirectory" "$work/build" -D CLUSTER_SOURCE="$CLUSTER_SOURCE"
check "it builds" cmake --build "$work/build"
check "its program on cluster::cluster runs" runs "$work/build/consumer_core"
check "its program on cluster::http runs" runs "$work/build/consumer_http"
check "installing it installs nothing of the library" sh -c \
  "cmake --install '$work/build' --prefix '$work/nothing' && ! find '$work/nothing' -type f 2>/dev/null | grep ."
finish
