// SPDX-License-Identifier: BSL-1.0
#include "run/command_line.hpp"

#include "common/text.hpp"
#include "run/settings.hpp"

#include <cluster/version.hpp>

#include <boost/version.hpp>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string_view>
#include <vector>

namespace cluster::run_detail {
namespace {

/// The flags as they were given, before anything is applied.
struct given_flags {
  std::map<const setting*, std::vector<std::string>> values;
  std::string config;
  bool check = false;
};

const setting* find_flag(std::string_view name) {
  for (const setting& one : settings())
    if (one.name == name && !one.help.empty()) return &one;
  return nullptr;
}

std::string unknown_flag(std::string_view argument) {
  if (!argument.starts_with("-"))
    return "unexpected argument '" + std::string(argument) + "'; the program's own arguments follow after --";
  std::vector<std::string> names{"--config", "--check", "--version", "--help", "--help-all"};
  for (const setting& one : settings())
    if (!one.help.empty()) names.push_back("--" + std::string(one.name));
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view bare = argument.substr(0, argument.find('='));
  std::string line = "unknown flag '" + std::string(bare) + "'";
  if (const auto meant = nearest(bare, views); !meant.empty())
    return line + "; did you mean " + std::string(meant) + "?";
  return line + "; --help lists the flags";
}

// `--name value` and `--name=value`. Returns the complaint, or nothing.
complaint take_flag(int argc, const char* const* argv, int& at, given_flags& out) {
  std::string_view flag = argv[at];
  if (!flag.starts_with("--")) return unknown_flag(flag);
  const auto equals = flag.find('=');
  const std::string_view name = flag.substr(2, equals == flag.npos ? flag.npos : equals - 2);
  if (name == "check") {
    if (equals != flag.npos) return "--check: takes no value";
    out.check = true;
    return std::nullopt;
  }
  const setting* one = find_flag(name);
  if (one == nullptr && name != "config") return unknown_flag(flag);
  std::string value;
  const bool alone = at + 1 >= argc || std::string_view(argv[at + 1]).starts_with("-");
  if (name == "keeper" && equals == flag.npos && alone) {
    value = "on";
  } else if (equals != flag.npos) {
    value = flag.substr(equals + 1);
  } else {
    if (at + 1 >= argc || std::string_view(argv[at + 1]) == "--")
      return "--" + std::string(name) + ": needs a value, " +
             std::string(one != nullptr ? one->argument : "FILE");
    value = argv[++at];
  }
  if (one == nullptr) {
    out.config = value;
    return std::nullopt;
  }
  std::vector<std::string>& values = out.values[one];
  if (!one->repeatable) values.clear();  // the last one wins, as scripts expect
  values.push_back(value);
  return std::nullopt;
}

/// What fits a screen; --help-all has the rest.
bool on_first_screen(std::string_view name) {
  static constexpr std::string_view first[] = {"listen",       "workers",  "ready-timeout", "drain-timeout",
                                               "hang-timeout", "max-rss",  "user",          "control",
                                               "admin",        "log-file", "rendezvous"};
  return std::find(std::begin(first), std::end(first), name) != std::end(first);
}

std::string help(const options& defaults, bool all) {
  std::string text = "Usage: " + defaults.name + " [FLAGS] [-- ARGUMENTS]\n";
  if (!defaults.description.empty()) text += defaults.description + "\n";
  text += "\n";
  const auto line = [&](std::string left, std::string_view right) {
    left.resize(std::max<std::size_t>(left.size() + 1, 24), ' ');
    text += "  " + left + std::string(right) + "\n";
  };
  for (const setting& one : settings())
    if (!one.help.empty() && (all || on_first_screen(one.name)))
      line("--" + std::string(one.name) + " " + std::string(one.argument), one.help);
  line("--config FILE", "JSON with the same names as keys");
  line("--check", "validate everything and exit");
  line("--version", "print the version");
  line(all ? "--help" : "--help-all", all ? "the most important flags" : "all flags");
  text +=
      "\nURI: 3000, :3000, host:port, tcp://[::]:3000, unix:/path, fd:N, systemd:[name];\n"
      "+tls behind it: over TLS; +proxy: behind a proxy that says who is behind it.\n"
      "Each flag has a form CLUSTER_* in the environment (CLUSTER_WORKERS=4); a flag\n"
      "beats the environment, the environment beats the file.\n";
  return text;
}

std::string version_text(const options& defaults) {
  std::string text = defaults.name;
  if (!defaults.version.empty()) text += " " + defaults.version;
  return text + " (cluster " + version() + ", Boost " + std::to_string(BOOST_VERSION / 100000) + "." +
         std::to_string(BOOST_VERSION / 100 % 1000) + ")\n";
}

complaint combine(const given_flags& flags, options& into) {
  std::string config = flags.config;
  if (const char* variable = std::getenv("CLUSTER_CONFIG"); config.empty() && variable != nullptr)
    config = variable;
  if (!config.empty())
    if (auto bad = read_file(into, config)) return bad;
  if (auto bad = read_environment(into)) return bad;
  for (const auto& [one, values] : flags.values)
    if (auto bad = assign(into, *one, "--" + std::string(one->name), values)) return bad;
  return validate(into);
}

}  // namespace

command read_command(int argc, const char* const* argv, const options& defaults) {
  command result;
  result.settings = defaults;
  const auto stop_with = [&](command::what what, std::string text) {
    result.to_do = what;
    result.text = std::move(text);
    return result;
  };
  given_flags flags;
  for (int at = 1; at < argc; ++at) {
    const std::string_view argument = argv[at];
    if (argument == "--") break;
    if (argument == "--help" || argument == "-h")
      return stop_with(command::what::print, help(defaults, false));
    if (argument == "--help-all") return stop_with(command::what::print, help(defaults, true));
    if (argument == "--version") return stop_with(command::what::print, version_text(defaults));
    if (auto bad = take_flag(argc, argv, at, flags)) return stop_with(command::what::refuse, *bad);
  }
  if (auto bad = combine(flags, result.settings)) return stop_with(command::what::refuse, *bad);
  if (flags.check) result.to_do = command::what::check;
  // The workers get the whole command line, so that a program may look at it itself; another program has its
  // own.
  if (result.settings.arguments.empty() && !result.settings.foreign)
    for (int at = 1; at < argc; ++at) result.settings.arguments.emplace_back(argv[at]);
  return result;
}

}  // namespace cluster::run_detail
