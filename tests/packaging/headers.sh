#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# Each public header alone, first and only include, with every warning an error, by each compiler here.
# shellcheck disable=SC1091,SC2154  # checked by itself
. "$(dirname "$0")/common.sh"
fresh headers

# All of a compiler's at once, as many at a time as there are processors; what became of each is told after that.
cat >"$work/alone.sh" <<'ALONE'
name=$2/$(echo "$3" | tr / _)
printf '#include <%s>\n#include <%s>\n' "$3" "$3" >"$name.cpp"
"$1" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
  -Wold-style-cast -Wswitch-enum -Werror -I "$CLUSTER_SOURCE/include" -idirafter "$CLUSTER_BOOST_INCLUDE" "$name.cpp" \
  >"$name.log" 2>&1 && touch "$name.fine"
exit 0
ALONE

was_fine() { # FOLDER HEADER
  name=$1/$(echo "$2" | tr / _)
  cat "$name.log"
  [ -e "$name.fine" ]
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
  mkdir "$work/$kind"
  headers=$(cd "$CLUSTER_SOURCE/include" && find cluster -name '*.hpp' | sort)
  echo "$headers" | xargs -P "$(nproc)" -n 1 sh "$work/alone.sh" "$compiler" "$work/$kind"
  for file in $headers; do
    check "$compiler takes <$file> alone" was_fine "$work/$kind" "$file"
  done
done
finish
