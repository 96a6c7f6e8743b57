// SPDX-License-Identifier: BSL-1.0
// One app, one supervisor process: this program, started by itself.
#include "ctl/supervise.hpp"

#include "ctl/apps.hpp"
#include "ctl/exit_code.hpp"

#include <cluster/doctor.hpp>
#include <cluster/run.hpp>
#include <cluster/supervisor.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/process/v2/process.hpp>

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace cluster::ctl {
namespace {

options options_of(const app& one, const found_program& what) {
  options result;
  const app_place place(one.name);
  result.name = one.name;
  result.listen = one.listen;
  result.workers = one.instances ? one.instances->on(usable_cpus()) : 1;
  result.executable = what.executable;
  result.arguments = what.arguments;
  for (const auto& [name, value] : one.env) result.environment.push_back(name + "=" + value);
  result.foreign.emplace();
  result.foreign->wait_ready = one.wait_ready;
  result.foreign->node_channel =
      one.wait_ready && std::filesystem::path(what.executable).filename().string().starts_with("node");
  if (one.listen_timeout) result.ready_timeout = *one.listen_timeout;
  result.foreign->ready_after =
      std::min(one.min_uptime.value_or(result.foreign->ready_after), result.ready_timeout);
  if (one.kill_timeout) result.drain_timeout = *one.kill_timeout;
  if (one.min_uptime) result.restart.min_uptime = *one.min_uptime;
  if (one.max_restarts) result.restart.max_failures = *one.max_restarts;
  if (one.backoff) {
    result.restart.initial_delay = *one.backoff;
    result.restart.max_delay = longest_backoff(*one.backoff);
    result.restart.multiplier = 1.5;
  }
  result.restart.no_restart_codes = one.stop_exit_codes;
  result.max_rss = one.max_memory;
  result.user = one.user;
  result.group = one.group;
  // It opens its port itself, so the old one has to let go of it first.
  if (!one.shared.value_or(!one.listen.empty())) {
    result.reload.max_surge = 0;
    result.reload.max_unavailable = 1;
  }
  result.capture_output = true;
  result.log_file = log_file_of(one);
  result.error_file = error_file_of(one);
  result.control = place.socket;
  if (one.user.empty() && one.group.empty()) result.rendezvous = place.rendezvous;
  return result;
}

/// The app as the file has it now, or a complaint.
app app_in(const std::string& path, const std::string& name) {
  process_file file = read_process_file(path);
  if (!file.mistakes.empty()) throw std::invalid_argument(file.mistakes.front());
  const auto found =
      std::find_if(file.apps.begin(), file.apps.end(), [&](const app& each) { return each.name == name; });
  if (found == file.apps.end())
    throw std::invalid_argument(path + ": there is no app '" + name + "' any more");
  return *found;
}

found_program program_of(const std::string& path, const app& one) {
  found_program what = find_app_program(one);
  if (!what.problem.empty()) throw std::invalid_argument(path + ": " + one.name + "." + what.problem);
  return what;
}

// What was meant for clusterctl, or for another cluster, is not meant for this one.
void clear_environment() {
  std::vector<std::string> names;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (text.starts_with("CLUSTER_")) names.push_back(text.substr(0, text.find('=')));
  }
  for (const std::string& each : names) ::unsetenv(each.c_str());
}

void start_watching(const app& one) {
  if (!one.watch) return;
  std::vector<std::string> arguments{"--", "watch", app_place(one.name).socket};
  for (const std::string& each : one.watch_paths)
    arguments.push_back((std::filesystem::path(one.cwd) / each).lexically_normal().string());
  if (one.watch_paths.empty()) arguments.push_back(one.cwd);
  boost::asio::io_context context;
  boost::process::v2::process watcher(context.get_executor(), own_path(), arguments);
  watcher.detach();
}

int become(const app& one, const found_program& what) {
  for (const auto& [name, value] : environment_of(one)) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> arguments{what.executable};
  arguments.insert(arguments.end(), what.arguments.begin(), what.arguments.end());
  std::vector<char*> list;
  for (std::string& each : arguments) list.push_back(each.data());
  list.push_back(nullptr);
  ::execv(what.executable.c_str(), list.data());
  complain("exec " + what.executable + ": " + std::strerror(errno));
  return exit_failed;
}

/// A reload reads the file again. Another number of instances takes effect when all of them are new.
void follow_file(supervisor& master, const std::string& path, const app& first) {
  const auto count = [](const app& one) { return one.instances ? one.instances->on(usable_cpus()) : 1; };
  auto wanted = std::make_shared<std::size_t>(count(first));
  auto given = std::make_shared<std::size_t>(*wanted);
  master.on_reload([path, name = first.name, wanted, count] {
    const app now = app_in(path, name);
    *wanted = count(now);
    return options_of(now, program_of(path, now));
  });
  static std::shared_ptr<void> observing;
  observing = master.observe([&master, wanted, given](const event& what) {
    if (what.kind != event_kind::rollout_finished || *wanted == *given) return;
    *given = *wanted;
    // Not before the roll-out is over for everybody.
    boost::asio::post(master.get_executor(),
                      [&master, wanted] { master.async_scale(*wanted, [](error_code) {}); });
  });
}

}  // namespace

int supervise(const std::string& path, const std::string& name, int argc, char** argv) {
  app one;
  found_program what;
  try {
    one = app_in(path, name);
    what = program_of(path, one);
  } catch (const std::exception& problem) {
    complain(problem.what());
    return exit_usage;
  }
  if (::chdir(one.cwd.c_str()) != 0) {
    complain(path + ": " + name + ".cwd: " + one.cwd + ": " + std::strerror(errno));
    return exit_usage;
  }
  if (!make_app_folder()) return exit_failed;
  clear_environment();
  start_watching(one);
  if (what.built_on_cluster) return become(one, what);
  return run(
      argc, argv, options_of(one, what), [](worker&) { return exit_failed; },
      [&](supervisor& master) { follow_file(master, path, one); });
}

bool is_inner_command(const std::vector<std::string>& arguments) {
  const std::size_t at = !arguments.empty() && arguments[0] == "--check" ? 1 : 0;
  return arguments.size() > at + 1 && arguments[at] == "--" &&
         (arguments[at + 1] == "supervise" || arguments[at + 1] == "watch");
}

int inner_command(int argc, char** argv) {
  std::vector<std::string> all(argv + 1, argv + argc);
  const auto verb = std::find(all.begin(), all.end(), "--") + 1;
  const std::vector<std::string> rest(verb + 1, all.end());
  if (*verb == "watch" && rest.size() > 1) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    return watch_paths(rest[0], {rest.begin() + 1, rest.end()});
  }
  if (*verb != "supervise" || rest.size() != 3) {
    complain("this is for clusterctl itself: supervise daemon|attached FILE NAME");
    return exit_usage;
  }
  // A daemon has a session of its own. One that is attached has a group of its own, so that a Ctrl-C reaches
  // it once, from whoever has started it, and ends with that one.
  if (rest[0] == "daemon") ::setsid();
  if (rest[0] == "attached" && ::setpgid(0, 0) == 0) ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  return supervise(rest[1], rest[2], argc, argv);
}

}  // namespace cluster::ctl
