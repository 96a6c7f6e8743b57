// SPDX-License-Identifier: BSL-1.0
// clusterctl from outside. The checked program is this test itself, in a role.
#include "support/catch.hpp"
#include "support/role.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using cluster::test::contains;

namespace {

/// Exits as it is told: `exit CODE`, `signal`, `sleep`; and only if it was given --check.
int checked(int argc, char** argv) {
  const std::string wish = argc > 1 ? argv[1] : "";
  if (wish == "exit") {
    const bool asked =
        std::any_of(argv, argv + argc, [](const char* each) { return std::string(each) == "--check"; });
    return asked && argc > 2 ? std::atoi(argv[2]) : 99;
  }
  if (wish == "signal") std::raise(SIGKILL);
  if (wish == "sleep") ::sleep(60);
  return 98;
}
const cluster::test::role as_checked{"checked", checked};

struct answer {
  int exit_code = -1;
  std::string output;  ///< stdout and stderr
};

answer clusterctl(const std::string& arguments) {
  const std::string command = CLUSTER_TEST_BINARY_DIR "/clusterctl " + arguments + " 2>&1 </dev/null";
  answer result;
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 512> buffer{};
  while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe)) result.output += buffer.data();
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

answer check(const std::string& options, const std::string& wish) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
  return clusterctl("check " + options + " -- '" + self + "' --role checked " + wish);
}

}  // namespace

TEST_CASE("check exits with the program's own code and says what it means") {
  const auto well = check("", "exit 0");
  CHECK(well.exit_code == 0);
  CHECK(contains(well.output, ": would start\n"));
  const auto bad = check("", "exit 2");
  CHECK(bad.exit_code == 2);
  CHECK(contains(bad.output, "exit code 2, bad usage or configuration"));
  CHECK(check("", "exit 3").exit_code == 3);
  CHECK(contains(check("", "exit 42").output, "exit code 42, a code of the program's own"));
}

TEST_CASE("check puts its flag before the program's own arguments") {
  CHECK(check("", "exit 0 -- --own").exit_code == 0);
}

TEST_CASE("check tells a signal from an exit code") {
  const auto killed = check("--json", "signal");
  CHECK(killed.exit_code == 1);
  CHECK(contains(killed.output, R"x("result":"ended by signal 9 (SIGKILL)")x"));
  CHECK(contains(killed.output, R"("exit_code":null,"signal":9)"));
  CHECK(check("", "exit 9").exit_code == 9);
}

TEST_CASE("check ends a program that takes too long") {
  const auto slow = check("--timeout 1", "sleep");
  CHECK(slow.exit_code == 1);
  CHECK(contains(slow.output, "no answer within 1 s, ended"));
}

TEST_CASE("check finds programs on the path and names those that are not there") {
  CHECK(clusterctl("check -- true").exit_code == 0);
  const auto missing = clusterctl("check -- /nonexistent/program");
  CHECK(missing.exit_code == 2);
  CHECK(contains(missing.output, "there is no program '/nonexistent/program' that can be run"));
  CHECK(clusterctl("check").exit_code == 2);
}

TEST_CASE("doctor answers in text and in JSON") {
  const auto text = clusterctl("doctor");
  CHECK(text.exit_code == 0);
  CHECK(contains(text.output, "open-files"));
  const auto json = clusterctl("doctor --json");
  CHECK(json.exit_code == 0);
  CHECK(json.output.starts_with(R"({"ok":)"));
}

TEST_CASE("a mistyped verb is answered with the nearest one and exit 2") {
  const auto typo = clusterctl("docter");
  CHECK(typo.exit_code == 2);
  CHECK(contains(typo.output, "'docter' is not a verb; did you mean 'doctor'?"));
  CHECK(clusterctl("--nonsense").exit_code == 2);
  CHECK(clusterctl("").exit_code == 2);
}

TEST_CASE("help fits a screen, and the version is the library's") {
  const auto help = clusterctl("--help");
  CHECK(help.exit_code == 0);
  CHECK(std::count(help.output.begin(), help.output.end(), '\n') <= 24);
  CHECK(clusterctl("--version").output.starts_with("clusterctl "));
}
