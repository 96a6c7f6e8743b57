#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Each public header alone, first and only include, with every warning an error, by each compiler here.
# shellcheck disable=SC1091,SC2154  # checked by itself
. "$(dirname "$0")/common.sh"
fresh headers

compile_alone() { # COMPILER HEADER
  printf '#include <%s>\n#include <%s>\n' "$2" "$2" >"$work/alone.cpp"
  "$1" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
    -Wold-style-cast -Wswitch-enum -Werror -I "$CLUSTER_SOURCE/include" -idirafter "$CLUSTER_BOOST_INCLUDE" \
    "$work/alone.cpp"
}

for kind in g++ clang++; do
  compiler=
  for candidate in "$kind" "$kind-12" "$kind-14" "$kind-16" "$kind-19"; do
    if command -v "$candidate" >/dev/null 2>&1; then
      compiler=$candidate
      break
    fi
  done
  if [ -z "$compiler" ]; then
    echo "SKIPPED: public headers with $kind, it is not installed"
    continue
  fi
  for file in $(cd "$CLUSTER_SOURCE/include" && find cluster -name '*.hpp' | sort); do
    check "$compiler takes <$file> alone" compile_alone "$compiler" "$file"
  done
done
finish
