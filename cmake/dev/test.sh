# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh disable=SC2154  # sourced by ./dev
# ./dev test: builds, runs, counts. The last line is always "N passed, N failed".

all_passed=0
all_failed=0
all_skipped=0

tally() { # PASSED FAILED SKIPPED
  all_passed=$((all_passed + $1))
  all_failed=$((all_failed + $2))
  all_skipped=$((all_skipped + $3))
}

close_tests() {
  [ "$all_skipped" -eq 0 ] || echo "$all_skipped skipped; the reasons are above"
  echo "$all_passed passed, $all_failed failed"
  [ "$all_failed" -eq 0 ] && [ $((all_passed + all_skipped)) -gt 0 ]
}

# Builds a tree; a build that fails counts as one failed test, and the run goes on to say so at its end.
prepare() { # PRESET TARGETS...
  prepare_preset=$1
  shift
  if configure "$prepare_preset" -D CLUSTER_BUILD_TESTS=ON && build "$prepare_preset" "$@"; then
    return 0
  fi
  complain "build/$prepare_preset does not build; its tests are not run"
  tally 0 1 0
  return 1
}

run_kind() { # PRESET KIND PARALLEL
  say "$2 tests (build/$1)"
  log=build/$1/Testing/Temporary/LastTest.log
  rm -f "$log"
  set -- "$1" "$2" "$3" 0
  if [ -n "$name_filter" ]; then
    ctest --test-dir "build/$1" -L "^$2\$" -R "$name_filter" -j "$3" --output-on-failure --no-tests=ignore || set -- "$1" "$2" "$3" 1
  else
    ctest --test-dir "build/$1" -L "^$2\$" -j "$3" --output-on-failure --no-tests=ignore || set -- "$1" "$2" "$3" 1
  fi
  counts='0 0 0'
  [ ! -f "$log" ] || counts=$(awk -f "$parts/count.awk" "$log")
  # shellcheck disable=SC2086  # three numbers
  tally_kind "$4" $counts
  grep -ha '^SKIPPED: ' "$log" 2>/dev/null || true
}

# ctest knows of failures that leave no trace in the log, such as a program that is not there.
tally_kind() { # CTEST_STATUS PASSED FAILED SKIPPED
  if [ "$1" -ne 0 ] && [ "$3" -eq 0 ]; then
    tally "$2" 1 "$4"
  else
    tally "$2" "$3" "$4"
  fi
}

# Unit tests and integration tests alone: the other targets of a sanitizer tree are not needed.
run_sanitized() { # PRESET
  prepare "$1" cluster_unit_tests cluster_integration_tests || return 0
  run_kind "$1" unit "$jobs"
  run_kind "$1" integration "$jobs"
}

run_tests() {
  preset=dev
  [ "${CI-}" != true ] || preset=ci
  kinds=
  name_filter=
  while [ $# -gt 0 ]; do
    case $1 in
      unit | integration | scenario | packaging | asan | tsan) kinds="$kinds $1" ;;
      all) kinds="$kinds unit integration scenario packaging asan" ;;
      --preset) need_value "$@"; preset=$2; shift ;;
      --preset=*) preset=${1#*=} ;;
      -R) need_value "$@"; name_filter=$2; shift ;;
      -*) usage "test: '$1' is unknown; it takes kinds, --preset NAME and -R NAME" ;;
      *) unknown_word "$1" "unit integration scenario packaging asan tsan all" ;;
    esac
    shift
  done
  check_preset "$preset"
  [ -n "$kinds" ] || kinds=' unit integration scenario packaging asan'

  groups='build tests examples ctl'
  for kind in $kinds; do
    case $kind in scenario | packaging) groups="$groups $kind" ;; esac
  done
  # shellcheck disable=SC2086  # a list of words
  need_tools $groups

  # Only what the wanted kinds need: the unit tests alone are there within a minute.
  targets=
  for kind in $kinds; do
    case $kind in
      unit | integration) targets="$targets cluster_${kind}_tests" ;;
      scenario | packaging) targets=all ;;
    esac
    [ "$targets" != all ] || break
  done
  # shellcheck disable=SC2086  # a list of words
  if [ -z "$targets" ] || prepare "$preset" $targets; then
    for kind in $kinds; do
      case $kind in
        unit | integration) run_kind "$preset" "$kind" "$jobs" ;;
        # These load the machine or build with all of it; one at a time.
        scenario | packaging) run_kind "$preset" "$kind" 1 ;;
      esac
    done
  fi
  case $kinds in
    *asan*) run_sanitized asan ;;
  esac
  case $kinds in
    *tsan*) run_sanitized tsan ;;
  esac
  close_tests || exit 1
}
