#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# ./dev portability: the library and its unit tests against Boost 1.83 and the newest packaged Boost,
# and Catch2 3. The packages are fetched into build/portability with a package state of its own; the
# system's sources, lists and packages are not touched. They are unpacked, never installed.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
parts=$top/cmake/dev
# shellcheck disable=SC1091
{ . "$parts/say.sh"; . "$parts/tools.sh"; }
cd "$top"
work=$top/build/portability
passed=0
failed=0
skipped=0

skip_all() {
  echo "SKIPPED: portability: $1"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}
result() { # STATUS NAME
  if [ "$1" -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok: $2"
  else
    failed=$((failed + 1))
    echo "FAILED: $2"
  fi
}

command -v apt-get >/dev/null 2>&1 || skip_all "needs apt-get to fetch packages"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || skip_all "needs Debian's keyring ($keyring)"
# The archive that this system already uses, with other releases of it.
# shellcheck disable=SC2016  # apt expands it
archive=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
  awk '$2 == "Debian" && $1 !~ /security/ { print $1; exit }')
[ -n "$archive" ] || skip_all "this system's package lists name no Debian archive (apt-get update first?)"

mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial" "$work/debs"
: >"$work/apt/status"
own_apt() { # RELEASE COMMAND...
  release=$1
  shift
  "$@" -o Dir::Etc::SourceList="$work/apt/$release.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::State="$work/apt/state-$release" -o Dir::State::status="$work/apt/status" \
    -o Dir::Cache="$work/apt/cache-$release" -o APT::Sandbox::User=root -o Acquire::Languages=none
}
for release in trixie sid; do
  mkdir -p "$work/apt/state-$release/lists/partial" "$work/apt/cache-$release/archives/partial"
  echo "deb [signed-by=$keyring] $archive $release main" >"$work/apt/$release.list"
  if ! [ -e "$work/apt/$release.fetched" ]; then
    say "package lists of $release"
    if ! own_apt "$release" apt-get update >"$work/log" 2>&1; then
      tail -n 3 "$work/log"
      skip_all "the package lists of $release cannot be fetched"
    fi
    : >"$work/apt/$release.fetched"
  fi
done

unpack() { # RELEASE NAME PACKAGES...
  from=$1
  into=$work/$2
  shift 2
  [ ! -e "$into.unpacked" ] || return 0
  say "fetching $*"
  (cd "$work/debs" && own_apt "$from" apt-get download "$@" >"$work/log" 2>&1) || {
    tail -n 3 "$work/log"
    return 1
  }
  for package in "$@"; do
    for deb in "$work/debs/$package"_*.deb; do dpkg-deb -x "$deb" "$into"; done
  done
  : >"$into.unpacked"
}

# The newest Boost whose headers are packaged at all.
newest=$(own_apt sid apt-cache pkgnames libboost1. | sed -n 's/^libboost\(1\.[0-9]*\)-dev$/\1/p' | sort -t. -k2n | tail -n 1)

try() { # BOOST RELEASE CATCH
  boost=$1
  release=$2
  catch=$3
  unpack "$release" "boost-$boost" "libboost$boost-dev" || { result 1 "Boost $boost can be fetched"; return; }
  set -- -D OTHER_BOOST="$work/boost-$boost/usr/include"
  if [ "$catch" != installed ]; then
    unpack "$release" catch2 catch2 || { result 1 "Catch2 3 can be fetched"; return; }
    set -- "$@" -D Catch2_ROOT="$work/catch2/usr"
  fi
  say "Boost $boost ($catch Catch2)"
  if ! cmake -S tests/packaging/portability -B "$work/build-$boost" -G Ninja -D CMAKE_BUILD_TYPE=Debug \
    -D CMAKE_CXX_FLAGS_DEBUG='-O0' -D CLUSTER_SOURCE="$top" "$@" >"$work/log" 2>&1; then
    tail -n 20 "$work/log"
    result 1 "Boost $boost: configuring"
    return
  fi
  status=0
  cmake --build "$work/build-$boost" --target cluster cluster_http >"$work/log" 2>&1 || status=1
  [ "$status" -eq 0 ] || grep -E 'error|undefined' "$work/log" | head -n 20
  result "$status" "Boost $boost: the library compiles"
  status=0
  cmake --build "$work/build-$boost" --target cluster_test_programs >"$work/log" 2>&1 || status=1
  [ "$status" -eq 0 ] || grep -E 'error|undefined' "$work/log" | head -n 20
  result "$status" "Boost $boost: what uses Boost.Process compiles"
  status=0
  cmake --build "$work/build-$boost" --target cluster_unit_tests >"$work/log" 2>&1 || status=1
  [ "$status" -eq 0 ] || grep -E 'error|undefined' "$work/log" | head -n 20
  result "$status" "Boost $boost, $catch Catch2: the unit tests compile and link"
  [ "$status" -eq 0 ] || return 0
  ctest --test-dir "$work/build-$boost" -L '^unit$' --output-on-failure >"$work/log" 2>&1 || status=1
  [ "$status" -eq 0 ] || tail -n 40 "$work/log"
  result "$status" "Boost $boost: the unit tests pass"
}

try 1.83 trixie installed
[ "$newest" = 1.83 ] || try "$newest" sid 3

echo "$passed passed, $failed failed${skipped:+, $skipped skipped}" | sed 's/, 0 skipped//'
[ "$failed" -eq 0 ]
