# SPDX-License-Identifier: BSL-1.0
# Reads ctest's LastTest.log and prints "PASSED FAILED SKIPPED", counted in test cases: what Catch2
# sums up, what our scripts sum up ("N passed, N failed"), one for a program that says neither.

function begin() { passed = failed = skipped = 0; summed = catch_summary = not_run = 0 }
function number_before(word,   text) {
  if (!match($0, "[0-9]+ " word)) return 0
  text = substr($0, RSTART, RLENGTH)
  return text + 0
}
function finish(ok) {
  if (!running) return
  running = 0
  if (catch_summary) passed -= skipped           # a case that says SKIPPED is passed to Catch2
  if (passed < 0) passed = 0
  if (ok && !summed && !skipped) passed = 1
  if (!ok && !failed && !(skipped && !summed)) failed = 1  # crashed, timed out, or could not start
  total_passed += passed; total_failed += failed; total_skipped += skipped
}

/^[0-9]+\/[0-9]+ Testing: / { finish(0); begin(); running = 1; next }
/^All tests passed \(/ { match($0, /in [0-9]+ test case/); passed += substr($0, RSTART + 3) + 0; summed = catch_summary = 1; next }
/^test cases: / {
  summed = catch_summary = 1
  passed += number_before("passed") + number_before("failed as expected"); failed += number_before("failed"); skipped += number_before("skipped")
  if (/failed as expected/) failed -= number_before("failed as expected")
  next
}
/^[0-9]+ passed, [0-9]+ failed/ { summed = 1; passed += number_before("passed"); failed += number_before("failed"); next }
/^SKIPPED: / { skipped++; next }
# A program that is not there: the log calls the test passed, only ctest's exit status does not.
/^Command: ""$/ { not_run = 1; next }
/^Test Passed\.$/ { finish(!not_run); next }
/^Test (Failed|Skipped)\.$/ || /^Test Fail Reason:/ { finish(0); next }
END { finish(0); print total_passed + 0, total_failed + 0, total_skipped + 0 }
