#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The installed package as users find it, static, from the tree under test. subdirectory.sh has the shared one.
# shellcheck disable=SC1091,SC2154  # checked by itself
. "$(dirname "$0")/common.sh"
fresh find_package

# Installed in one place and moved to another, because a package must not remember where it was made.
check "static: install" cmake --install "$CLUSTER_BUILD" --prefix "$work/installed"
check "static: the tree can be moved" mv "$work/installed" "$work/moved"
check "static: no file names the place it was made in" \
  refused grep -rlF -e "$work/installed" -e "$CLUSTER_SOURCE" "$work/moved" --include=*.cmake --include=*.pc
consume "$work/moved" static
check "static: without the component there is no cluster::http" \
  configure "$here/find_package" "$work/core-only" -D CMAKE_PREFIX_PATH="$work/moved" -D WITH_HTTP=OFF
check "static: another minor version is refused" \
  refused configure "$here/find_package" "$work/other" -D CMAKE_PREFIX_PATH="$work/moved" -D WANTED_VERSION=0.99
check "static: an unknown component is refused" \
  refused sh -c "mkdir '$work/unknown' && printf '%s\n' 'cmake_minimum_required(VERSION 3.25)' \
    'project(x CXX)' 'find_package(cluster CONFIG REQUIRED COMPONENTS nonsense)' >'$work/unknown/CMakeLists.txt' &&
    cmake -S '$work/unknown' -B '$work/unknown/b' -G Ninja -D CMAKE_PREFIX_PATH='$work/moved'"

# The prefix without CMake, as Meson and make users see it.
if command -v pkg-config >/dev/null 2>&1; then
  pc=$(dirname "$(find "$work/moved" -name cluster-http.pc)")
  check "pkg-config: core and http compile, link and run" sh -ec "
    export PKG_CONFIG_PATH='$pc'
    for part in core http; do
      [ \$part = core ] && name=cluster || name=cluster-http
      '$CLUSTER_CXX' -std=c++20 '$here/consumer/'\$part.cpp -o '$work/pc-'\$part \$(pkg-config --cflags --libs \$name)
      '$work/pc-'\$part --version
    done"
  if [ -f "$pc/cluster-tls.pc" ]; then
    check "pkg-config: TLS compiles, links and runs" sh -ec "
      export PKG_CONFIG_PATH='$pc'
      '$CLUSTER_CXX' -std=c++20 '$here/consumer/tls.cpp' -o '$work/pc-tls' \$(pkg-config --cflags --libs cluster-http cluster-tls)
      '$work/pc-tls' --version"
  fi
else
  echo "SKIPPED: pkg-config is not installed"
fi

finish
