# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh disable=SC2154,SC2046,SC2086,SC2116  # sourced by ./dev; lists of words
# Finds out what is missing by trying it, installs it through the package manager where that is
# allowed, and otherwise prints the command. Package sources are never touched.

# `lacks THING` succeeds if the machine does not have it. Headers and libraries are asked of the
# compiler, so what lies outside the package manager's places (CPATH, LIBRARY_PATH) counts too.
lacks() {
  case $1 in
    compiler) ! command -v "${CXX:-c++}" >/dev/null 2>&1 ;;
    clang-format) [ -z "$(newest_of clang-format)" ] ;;
    clang-tidy) [ -z "$(newest_of clang-tidy)" ] ;;
    clang) [ -z "$(newest_of clang++)" ] ;;
    boost) ! preprocesses '#include <boost/version.hpp>
#if BOOST_VERSION < 108100
#error too old
#endif' ;;
    boost-json) ! links -lboost_json ;;
    boost-filesystem) ! links -lboost_filesystem ;;
    openssl) ! preprocesses '#include <openssl/opensslv.h>
#if OPENSSL_VERSION_MAJOR < 3
#error too old
#endif' ;;
    catch2) ! preprocesses '#if !__has_include(<catch2/catch.hpp>) && !__has_include(<catch2/catch_all.hpp>)
#error none
#endif' ;;
    hiredis) ! preprocesses '#include <hiredis/hiredis.h>' ;;
    redis) ! command -v redis-server >/dev/null 2>&1 && ! command -v redis-check-rdb >/dev/null 2>&1 ;;
    sqlite) ! preprocesses '#include <sqlite3.h>' ;;
    cli11) ! preprocesses '#if !__has_include(<CLI/CLI.hpp>)
#error none
#endif' ;;
    ncurses) ! preprocesses '#if !__has_include(<curses.h>)
#error none
#endif' ;;
    python-venv) ! python3 -c 'import venv, ensurepip' >/dev/null 2>&1 ;;
    *) ! command -v "$1" >/dev/null 2>&1 ;;
  esac
}

preprocesses() { printf '%s\n' "$1" | "${CXX:-c++}" -std=c++20 -E -x c++ - >/dev/null 2>&1; }
links() { echo 'int main() {}' | "${CXX:-c++}" -x c++ - -o /dev/null "$1" >/dev/null 2>&1; }

# A tool may be there only under its versioned name, as Debian installs several side by side.
newest_of() {
  for name in "$1" "$1-21" "$1-20" "$1-19" "$1-18" "$1-17" "$1-16" "$1-15" "$1-14"; do
    if command -v "$name" >/dev/null 2>&1; then
      echo "$name"
      return
    fi
  done
}

things_for() { # GROUP
  case $1 in
    build) echo compiler cmake ninja boost boost-json boost-filesystem openssl ccache ;;
    tests) echo catch2 pkg-config ;;
    scenario) echo gunicorn redis hiredis ;;  # tmux only where it is: its tests need pseudo-terminals as well
    examples) echo sqlite ;;
    ctl) echo cli11 ncurses ;;
    packaging) echo pkg-config python-venv ;;
    bench) echo python3 valgrind strace ;;
    lint) echo clang-format clang-tidy clang ;;
    format) echo clang-format ;;
    fuzz) echo clang ;;
  esac
}

package_manager() {
  for manager in apt-get dnf pacman; do
    if command -v "$manager" >/dev/null 2>&1; then
      echo "$manager"
      return
    fi
  done
}

# Debian 12's plain libboost-dev is 1.74; there the versioned packages are the ones to have.
debian_boost() {
  version=$(apt-cache policy libboost-dev 2>/dev/null | sed -n 's/^ *Candidate: *//p')
  if [ -n "$version" ] && dpkg --compare-versions "$version" ge 1.81; then
    echo "libboost$1-dev"
  else
    echo "libboost${1}1.81-dev"
  fi
}

package_of() { # MANAGER THING
  case $1:$2 in
    apt-get:compiler) echo g++ ;;
    apt-get:ninja) echo ninja-build ;;
    apt-get:boost) debian_boost '' ;;
    apt-get:boost-json) debian_boost -json ;;
    apt-get:boost-filesystem) debian_boost -filesystem ;;
    apt-get:openssl) echo libssl-dev ;;
    apt-get:hiredis) echo libhiredis-dev ;;
    apt-get:redis) echo redis-tools ;;  # the program without the service
    apt-get:sqlite) echo libsqlite3-dev ;;
    apt-get:cli11) echo libcli11-dev ;;
    apt-get:ncurses) echo libncurses-dev ;;
    apt-get:python-venv) echo python3-venv ;;
    dnf:compiler) echo gcc-c++ ;;
    dnf:ninja) echo ninja-build ;;
    dnf:boost | dnf:boost-json | dnf:boost-filesystem) echo boost-devel ;;
    dnf:catch2) echo catch-devel ;;
    dnf:openssl) echo openssl-devel ;;
    dnf:gunicorn) echo python3-gunicorn ;;
    dnf:hiredis) echo hiredis-devel ;;
    dnf:sqlite) echo sqlite-devel ;;
    dnf:cli11) echo cli11-devel ;;
    dnf:ncurses) echo ncurses-devel ;;
    dnf:python-venv) echo python3 ;;
    dnf:clang-format | dnf:clang-tidy) echo clang-tools-extra ;;
    pacman:compiler) echo gcc ;;
    pacman:boost | pacman:boost-json | pacman:boost-filesystem) echo boost ;;
    pacman:pkg-config) echo pkgconf ;;
    pacman:python-venv) echo python ;;
    pacman:clang-format | pacman:clang-tidy) echo clang ;;
    *) echo "$2" ;;
  esac
}

install_command() { # MANAGER
  case $1 in
    apt-get) echo 'apt-get install --yes --no-install-recommends' ;;
    dnf) echo 'dnf install --assumeyes' ;;
    pacman) echo 'pacman -S --noconfirm --needed' ;;
  esac
}

# Runs as root: directly, or through a sudo that asks nothing.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

may_install() { [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; }

# What only saves time, or lets a few more tests and figures be: worth an installation where one may install, never
# a failure.
only_helps() { # THING
  case $1 in
    ccache | gunicorn | redis | hiredis | valgrind | strace) ;;
    *) return 1 ;;
  esac
}

# Without a compiler nothing of the libraries can be asked; then all of them count as missing.
missing_things() { # needed|helpful GROUP...
  kind=$1
  shift
  for group in "$@"; do
    for thing in $(things_for "$group"); do
      if only_helps "$thing"; then of=helpful; else of=needed; fi
      if [ "$of" = "$kind" ] && lacks "$thing"; then echo "$thing"; fi
    done
  done
}

packages_of() { # MANAGER THING...
  of_manager=$1
  shift
  for thing in "$@"; do package_of "$of_manager" "$thing"; done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

install_packages() { # MANAGER PACKAGE...
  command=$(install_command "$1")
  shift
  say "installing $*"
  as_root env DEBIAN_FRONTEND=noninteractive $command "$@" >>"$log" 2>&1 </dev/null
}

need_tools() { # GROUP...
  needed=$(missing_things needed "$@")
  helpful=$(missing_things helpful "$@")
  # A compiler cache is worth no installation of its own.
  [ -z "$needed" ] && [ "$helpful" = ccache ] && helpful=
  [ -n "$needed$helpful" ] || return 0
  manager=$(package_manager)
  if [ -z "$needed" ] && { [ -z "$manager" ] || ! may_install; }; then
    say "going on without $(echo $helpful): a few tests and figures are left out"
    return 0
  fi
  if [ -z "$manager" ]; then
    complain "missing: $(echo $needed) (no package manager known to this script is here)"
    exit 1
  fi
  packages=$(packages_of "$manager" $needed)
  if ! may_install; then
    complain "missing: $(echo $needed)
Install with:
  sudo $(install_command "$manager") $packages"
    exit 1
  fi
  mkdir -p "$top/build"
  log=$top/build/install.log
  : >"$log"
  if [ "$manager" = apt-get ]; then
    # A fresh system has no package lists yet, an old one may have outdated ones.
    say "package lists (apt-get update)"
    as_root apt-get update >>"$log" 2>&1 || complain "apt-get update failed, going on with the lists there are"
    packages=$(packages_of "$manager" $needed)  # Boost's depend on the lists
  fi
  if [ -n "$needed" ] && ! install_packages "$manager" $packages; then
    tail -n 15 "$log" >&2
    complain "could not install them; by hand:
  $(install_command "$manager") $packages"
    exit 1
  fi
  if [ -n "$helpful" ] && ! install_packages "$manager" $(packages_of "$manager" $helpful); then
    complain "going on without $(echo $helpful): a few tests and figures are left out (see $log)"
  fi
  still=$(missing_things needed "$@")
  if [ -n "$still" ]; then
    complain "still missing after the installation: $(echo $still)"
    exit 1
  fi
}
