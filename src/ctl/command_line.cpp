// SPDX-License-Identifier: BSL-1.0
#include "ctl/command_line.hpp"

#include "ctl/check.hpp"
#include "ctl/doctor.hpp"
#include "ctl/exit_code.hpp"
#include "ctl/nearest.hpp"

#include <cluster/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>

namespace cluster::ctl {
namespace {

int refuse(const std::string& what) {
  std::fprintf(stderr, "clusterctl: %s\n", what.c_str());
  return exit_usage;
}

/// Says which verb was probably meant; empty if the first word is a verb, or an option.
std::string misspelt(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front().starts_with('-')) return {};
  std::vector<std::string> verbs;
  for (const auto* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  if (std::find(verbs.begin(), verbs.end(), arguments.front()) != verbs.end()) return {};
  std::string what = "'" + arguments.front() + "' is not a verb";
  if (const auto meant = nearest(arguments.front(), verbs); !meant.empty())
    return what + "; did you mean '" + meant + "'?";
  return what + " (clusterctl --help lists them)";
}

}  // namespace

int main(std::vector<std::string> arguments) {
  // What follows `--` belongs to the program that a verb starts, whatever it looks like.
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> command(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());

  CLI::App app("Looks after programs built on cluster.", "clusterctl");
  app.set_version_flag("--version", std::string("clusterctl ") + version());
  app.require_subcommand(1);

  check_options check;
  check.program = std::move(command);
  auto* check_verb = app.add_subcommand(
      "check", "Would PROGRAM start? Runs it with --check: clusterctl check -- PROGRAM [ARGUMENTS...]");
  check_verb->add_option("--timeout", check.timeout_seconds, "Time that the program may take (30)")
      ->check(CLI::Range(1, 3600))
      ->type_name("SECONDS");
  check_verb->add_flag("--json", check.json, "Machine-readable result");
  check_verb->footer("Exits with the program's own code; 1 if it is ended by a signal or by the time-out.");

  bool doctor_json = false;
  auto* doctor_verb =
      app.add_subcommand("doctor", "What this machine allows a cluster to do, and what it does not");
  doctor_verb->add_flag("--json", doctor_json, "Machine-readable result");
  doctor_verb->footer("Warnings do not change the exit code.");

  if (const auto what = misspelt(app, arguments); !what.empty()) return refuse(what);
  try {
    auto reversed = arguments;
    std::reverse(reversed.begin(), reversed.end());  // as the parser wants them
    app.parse(reversed);
  } catch (const CLI::Success& done) {
    return app.exit(done);  // --help and --version
  } catch (const CLI::RequiredError&) {
    std::fputs(app.help().c_str(), stderr);
    return exit_usage;
  } catch (const CLI::ParseError& failed) {
    return refuse(failed.what());
  }
  try {
    if (*doctor_verb) return check.program.empty() ? doctor(doctor_json) : refuse("doctor takes no program");
    return run_check(check);
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "clusterctl: %s\n", failed.what());
    return exit_failed;
  }
}

}  // namespace cluster::ctl
