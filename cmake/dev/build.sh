# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh disable=SC2154  # sourced by ./dev
# Configuring and building one preset, with progress on one line where there is a terminal.

check_preset() {
  case $1 in
    dev | release | asan | tsan | ci) ;;
    *) unknown_word "$1" "dev release asan tsan ci" ;;
  esac
}

configure() { # PRESET ARGUMENTS...
  configure_preset=$1
  shift
  say "configuring build/$configure_preset"
  mkdir -p "$top/build"
  log=$top/build/configure-$configure_preset.log
  if ! cmake --preset "$configure_preset" "$@" >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    complain "configuring failed; all of it is in ${log#"$top/"}"
    return 1
  fi
  # What is left out is said, not hidden.
  grep -E '^-- .*(left out|cannot be linked)' "$log" || true
}

build() { # PRESET TARGETS...
  build_preset=$1
  shift
  [ $# -gt 0 ] || set -- all
  say "building build/$build_preset ($*)"
  if [ -t 1 ]; then
    cmake --build "build/$build_preset" --parallel "$jobs" --target "$@"
    return
  fi
  # No terminal: ninja would print a line a file. One line per tenth is enough; anything that is not
  # progress (warnings, errors) comes through whole.
  { cmake --build "build/$build_preset" --parallel "$jobs" --target "$@" 2>&1
    echo "exit $?"; } | awk '
    /^exit [0-9]+$/ { status = substr($0, 6) + 0; next }
    match($0, /^\[[0-9]+\/[0-9]+\] /) {
      split(substr($0, 2, RLENGTH - 3), n, "/")
      tenth = n[2] > 0 ? int(10 * n[1] / n[2]) : 10
      if (tenth > last || n[1] == n[2]) { print "    " n[1] "/" n[2]; fflush(); last = tenth }
      next
    }
    { print; fflush() }
    END { exit status }'
}
