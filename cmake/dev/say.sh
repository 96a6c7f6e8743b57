# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=sh
# How ./dev talks. One line a step; what a step printed is shown only when it fails.

say() { printf '==> %s\n' "$*"; }

complain() { printf './dev: %s\n' "$*" >&2; }

usage() {
  complain "$*"
  exit 2
}

need_value() {
  [ $# -ge 2 ] || usage "$1 needs a value"
}

# The nearest of the known words, by edit distance, so that a slip of the finger costs nothing.
unknown_word() { # WORD KNOWN...
  nearest=$(printf '%s\n' "$2" | tr ' ' '\n' | awk -v word="$1" '
    function least(a, b, c) { return a < b ? (a < c ? a : c) : (b < c ? b : c) }
    {
      n = length(word); m = length($0)
      for (j = 0; j <= m; j++) row[j] = j
      for (i = 1; i <= n; i++) {
        corner = row[0]; row[0] = i
        for (j = 1; j <= m; j++) {
          above = row[j]
          row[j] = least(above + 1, row[j - 1] + 1, corner + (substr(word, i, 1) != substr($0, j, 1)))
          corner = above
        }
      }
      if (best == "" || row[m] < distance) { best = $0; distance = row[m] }
    }
    END { if (distance <= 2 && distance < n) print best }')
  if [ -n "$nearest" ]; then
    usage "'$1' is unknown; did you mean '$nearest'? ('./dev help' lists all)"
  fi
  usage "'$1' is unknown ('./dev help' lists all)"
}
