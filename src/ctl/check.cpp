// SPDX-License-Identifier: BSL-1.0
#include "ctl/check.hpp"

#include "ctl/exit_code.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <boost/process/v2/process.hpp>
// After process.hpp: alone it does not compile with every Boost.
#include <boost/process/v2/environment.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

namespace cluster::ctl {
namespace {

namespace process = boost::process::v2;

/// How a checked program ended.
struct outcome {
  bool timed_out = false;
  int signal = 0;
  int exit_code = exit_failed;
};

outcome run(const std::string& path, const std::vector<std::string>& arguments, std::chrono::seconds limit) {
  boost::asio::io_context context;
  outcome result;
  process::process child(context.get_executor(), path, arguments);
  boost::asio::steady_timer deadline(context, limit);
  deadline.async_wait([&](boost::system::error_code cancelled) {
    if (cancelled) return;
    result.timed_out = true;
    // Not child.terminate(): that would collect the exit under the feet of the wait below.
    ::kill(child.id(), SIGKILL);
  });
  child.async_wait([&](boost::system::error_code, int) {
    // The number that the handler gets does not tell an exit code from a signal; the raw status does.
    const auto status = static_cast<int>(child.native_exit_code());
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    else result.exit_code = WEXITSTATUS(status);
    deadline.cancel();
  });
  context.run();
  return result;
}

std::string describe(const outcome& result, int limit) {
  if (result.timed_out) return "no answer within " + std::to_string(limit) + " s, ended";
  if (result.signal != 0) {
    const char* name = ::sigabbrev_np(result.signal);
    return "ended by signal " + std::to_string(result.signal) +
           (name ? std::string(" (SIG") + name + ')' : "");
  }
  if (result.exit_code == exit_clean) return "would start";
  return "exit code " + std::to_string(result.exit_code) + ", " + std::string(meaning_of(result.exit_code));
}

}  // namespace

std::vector<std::string> with_check_flag(std::vector<std::string> arguments) {
  arguments.insert(std::find(arguments.begin(), arguments.end(), "--"), "--check");
  return arguments;
}

int run_check(const check_options& options) {
  if (options.program.empty()) {
    std::fputs("clusterctl: check: no program given; clusterctl check -- PROGRAM [ARGUMENTS...]\n", stderr);
    return exit_usage;
  }
  const std::string& name = options.program.front();
  const std::string path =
      name.find('/') != name.npos ? name : process::environment::find_executable(name).string();
  if (path.empty() || ::access(path.c_str(), X_OK) != 0) {
    std::fprintf(stderr, "clusterctl: check: there is no program '%s' that can be run\n", name.c_str());
    return exit_usage;
  }
  const auto result = run(path, with_check_flag({options.program.begin() + 1, options.program.end()}),
                          std::chrono::seconds(options.timeout_seconds));
  const bool by_itself = !result.timed_out && result.signal == 0;
  const int code = by_itself ? result.exit_code : exit_failed;
  const std::string words = describe(result, options.timeout_seconds);
  if (options.json) {
    boost::json::object report{{"program", name}, {"ok", code == exit_clean}, {"result", words}};
    report["exit_code"] = by_itself ? boost::json::value(result.exit_code) : boost::json::value(nullptr);
    report["signal"] = result.signal != 0 ? boost::json::value(result.signal) : boost::json::value(nullptr);
    std::printf("%s\n", boost::json::serialize(report).c_str());
  } else {
    std::fprintf(code == exit_clean ? stdout : stderr, "%s: %s\n", name.c_str(), words.c_str());
  }
  return code;
}

}  // namespace cluster::ctl
