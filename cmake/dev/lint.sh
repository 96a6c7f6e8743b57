#!/bin/sh
# SPDX-License-Identifier: BSL-1.0
# ./dev lint [--all | FILE...] and ./dev format [FILE...].
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
parts=$top/cmake/dev
# shellcheck disable=SC1091,SC2034
{ . "$parts/say.sh"; . "$parts/tools.sh"; }
cd "$top"

every_file() { find src include tests examples -name '*.cpp' -o -name '*.hpp' | sort; }

# What differs from the last commit, new files included; without git, or with nothing changed, nothing.
changed_files() {
  { git diff --name-only --diff-filter=d HEAD -- '*.cpp' '*.hpp' 2>/dev/null
    git ls-files --others --exclude-standard -- '*.cpp' '*.hpp' 2>/dev/null; } | sort -u
}

mode=$1
shift
case ${1-} in
  --all) files=$(every_file) ;;
  -*) usage "$mode: '$1' is unknown; it takes --all or files" ;;
  '') files=$(changed_files) ;;
  *) files=$* ;;
esac
if [ -z "$files" ]; then
  say "no changed files (--all looks at every one)"
  exit 0
fi

format_tool=$(newest_of clang-format)
if [ "$mode" = format ]; then
  # shellcheck disable=SC2086  # a list of files
  "$format_tool" -i $files
  say "formatted"
  exit 0
fi

failed=0
say "format ($format_tool)"
# shellcheck disable=SC2086
"$format_tool" --dry-run -Werror $files || failed=1

# A tree of its own for clang-tidy: configured for Clang, without precompiled headers, never built.
say "clang-tidy"
mkdir -p build
log=build/configure-lint.log
if ! cmake --preset dev -B build/lint -D CMAKE_CXX_COMPILER="$(newest_of clang++)" -D CLUSTER_PCH=OFF \
  -D CLUSTER_DEVELOPER_MODE=OFF >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  exit 1
fi
tidy=$(newest_of clang-tidy)
# Headers are looked at through the sources that include them.
sources=$(echo "$files" | tr ' ' '\n' | grep '\.cpp$' || true)
known=$(for file in $sources; do
  if grep -qF "$top/$file\"" build/lint/compile_commands.json; then echo "$file"; fi
done)
if [ -n "$known" ]; then
  printf '%s\n' "$known" | xargs -n 1 -P "$(nproc)" "$tidy" -p build/lint --quiet 2>/dev/null || failed=1
fi
[ "$failed" -eq 0 ] && say "clean"
exit "$failed"
