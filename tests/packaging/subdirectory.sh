#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The source tree inside somebody's project, as shared libraries; and the package, once that project asks for it.
# One build serves both questions, because it is the longest of all.
# shellcheck disable=SC1091,SC2154  # checked by itself
. "$(dirname "$0")/common.sh"
fresh subdirectory

as_guest() { # ARGS...
  configure "$here/subdirectory" "$work/build" -D CLUSTER_SOURCE="$CLUSTER_SOURCE" -D BUILD_SHARED_LIBS=ON -D CMAKE_UNITY_BUILD=ON \
    -D CMAKE_INSTALL_PREFIX="$work/shared" "$@"
}

check "a project takes the library in" as_guest
check "it builds" cmake --build "$work/build"
check "its program on cluster::cluster runs" runs "$work/build/consumer_core"
check "its program on cluster::http runs" runs "$work/build/consumer_http"
check "installing it installs nothing of the library" sh -c \
  "cmake --install '$work/build' --prefix '$work/nothing' && ! find '$work/nothing' -type f 2>/dev/null | grep ."

check "it asks for the package" as_guest -D CLUSTER_INSTALL=ON
check "shared: build" cmake --build "$work/build"
check "shared: install" cmake --install "$work/build"
consume "$work/shared" shared
finish
