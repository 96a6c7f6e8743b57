#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# The recipe at the top of the tree with the real Conan 2 client: `conan create` builds the package and
# then the test package on it. The system's Boost stands in for Conan's, so nothing is built but us and
# no remote is asked.
# shellcheck disable=SC1091,SC2154  # checked by itself
. "$(dirname "$0")/common.sh"
fresh conan

# The client lives in a virtual environment in the build folder, shared by all build trees and kept by
# `./dev clean`, so that later runs need no network.
venv=$CLUSTER_SOURCE/build/tools/conan
if ! [ -x "$venv/bin/conan" ]; then
  command -v python3 >/dev/null 2>&1 || skip_all "Conan package: there is no Python to run the client"
  if ! python3 -m venv "$venv" >"$work/log" 2>&1; then
    rm -rf "$venv"
    skip_all "Conan package: python3 -m venv does not work here (Debian: apt-get install python3-venv)"
  fi
  if ! "$venv/bin/pip" install --quiet --disable-pip-version-check 'conan>=2.4,<3' >"$work/log" 2>&1; then
    rm -rf "$venv"
    skip_all "Conan package: the client could not be installed (pip install conan): $(tail -n 1 "$work/log")"
  fi
fi
conan=$venv/bin/conan

# A home of its own: the user's profiles, remotes and cache stay out of it, and it of them.
CONAN_HOME=$work/home
export CONAN_HOME
mkdir -p "$CONAN_HOME/profiles"
case $("$CLUSTER_CXX" --version | head -n 1) in
  *clang*) compiler=clang libcxx=libstdc++11 ;;
  *) compiler=gcc libcxx=libstdc++11 ;;
esac
version=$("$CLUSTER_CXX" -dumpversion)
# Compiled in larger pieces, as it is the whole library once more.
echo 'set(CMAKE_UNITY_BUILD ON)' >"$work/in_large_pieces.cmake"
cat >"$CONAN_HOME/profiles/default" <<PROFILE
[settings]
os=Linux
arch=$(uname -m | sed 's/aarch64/armv8/')
compiler=$compiler
compiler.version=${version%%.*}
compiler.cppstd=20
compiler.libcxx=$libcxx
build_type=Debug
[platform_requires]
boost/$CLUSTER_BOOST_VERSION
openssl/$CLUSTER_OPENSSL_VERSION
[conf]
# The test package is built below the build tree; nothing is written beside its sources.
tools.cmake.cmake_layout:test_folder=$work/test_package
tools.cmake.cmaketoolchain:user_presets=
tools.cmake.cmaketoolchain:generator=Ninja
tools.cmake.cmaketoolchain:user_toolchain=["$work/in_large_pieces.cmake"]
tools.build:compiler_executables={"cpp": "$CLUSTER_CXX"}
PROFILE
check "the recipe is read" "$conan" inspect "$CLUSTER_SOURCE"
check "conan create, static, with its test package" \
  "$conan" create "$CLUSTER_SOURCE" --no-remote --build=missing
check "the package carries no CMake or pkg-config files of ours, and the licence" sh -ec "
  folder=\$(dirname \"\$(find '$CONAN_HOME/p' -path '*/p/licenses/LICENSE' | head -n 1)\")/..
  ! find \"\$folder\" -name '*.pc' -o -name '*-config.cmake' | grep ."
finish
