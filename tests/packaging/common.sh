# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh disable=SC2034  # sourced by the tests
# Shared by the packaging tests; sourced. CMake passes what it knows in the environment:
# CLUSTER_SOURCE, CLUSTER_BUILD (the tree that was built), CLUSTER_CXX, CLUSTER_BUILD_TYPE.
set -eu

here=$CLUSTER_SOURCE/tests/packaging
passed=0
failed=0

# Each check is one test case of its own; the last line is read by ./dev test.
check() { # NAME COMMAND...
  check_name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok: $check_name"
  else
    failed=$((failed + 1))
    echo "FAILED: $check_name ($*)"
    tail -n 40 "$work/log" | sed 's/^/    /'
  fi
}

refused() { ! "$@"; }

skip_all() { # REASON
  echo "SKIPPED: $1"
  exit 77
}

finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}

# An empty folder for this test, in the build tree so that it is clean with it.
fresh() { # NAME
  work=$CLUSTER_BUILD/packaging/$1
  rm -rf "$work"
  mkdir -p "$work"
}

configure() { # SOURCE BUILD ARGS...
  configure_source=$1
  configure_build=$2
  shift 2
  cmake -S "$configure_source" -B "$configure_build" -G Ninja -D CMAKE_BUILD_TYPE="$CLUSTER_BUILD_TYPE" \
    -D CMAKE_CXX_COMPILER="$CLUSTER_CXX" -D CMAKE_CXX_FLAGS_DEBUG="${CLUSTER_CXX_FLAGS--g}" "$@"
}

# The consumer for real: it starts, knows its version and accepts its configuration.
runs() { # PROGRAM
  "$1" --version && "$1" --check </dev/null
}

# A project finds the package, builds on it and runs.
consume() { # PREFIX NAME
  check "$2: a project finds the package with component http" \
    configure "$here/find_package" "$work/$2-http" -D CMAKE_PREFIX_PATH="$1"
  check "$2: it builds" cmake --build "$work/$2-http"
  check "$2: its program on cluster::cluster runs" runs "$work/$2-http/consumer_core"
  check "$2: its program on cluster::http runs" runs "$work/$2-http/consumer_http"
  if [ -x "$work/$2-http/consumer_tls" ]; then
    check "$2: its program on cluster::tls runs, and has TLS" runs "$work/$2-http/consumer_tls"
    check "$2: nobody else carries OpenSSL" refused sh -c "ldd '$work/$2-http/consumer_http' | grep libssl"
  else
    echo "SKIPPED: $2: TLS was left out"
  fi
}
