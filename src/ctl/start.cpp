// SPDX-License-Identifier: BSL-1.0
// The verbs start, run and delete: apps of a process file, each with a supervisor process of its own.
#include "ctl/apps.hpp"
#include "ctl/exit_code.hpp"
#include "ctl/json_view.hpp"
#include "ctl/nearest.hpp"
#include "ctl/supervise.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/process/v2/process.hpp>
// After process.hpp: alone it does not compile with every Boost.
#include <boost/process/v2/stdio.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

namespace cluster::ctl {
namespace {

namespace process = boost::process::v2;
using clock_type = std::chrono::steady_clock;

/// The apps that are meant, with the file that says what they are.
struct selection {
  process_file file;
  std::vector<app> apps;
};

int select(const start_options& options, selection& out) {
  std::string path = options.target;
  std::vector<std::string> names = options.names;
  const auto records = app_records();
  const auto known = std::find_if(records.begin(), records.end(),
                                  [&](const app_record& each) { return each.name == options.target; });
  if (known != records.end()) {  // a file of that name is ./NAME
    path = known->file;
    names.push_back(known->name);
  }
  out.file = read_process_file(path);
  for (const std::string& each : out.file.mistakes) complain(each);
  if (!out.file.mistakes.empty()) return exit_usage;
  std::vector<std::string> there;
  for (const app& each : out.file.apps) there.push_back(each.name);
  for (const std::string& each : names) {
    if (std::find(there.begin(), there.end(), each) != there.end()) continue;
    const std::string meant = nearest(each, there);
    complain(path + ": there is no app '" + each + "'" +
             (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
    return exit_usage;
  }
  bool fine = true;
  for (const app& each : out.file.apps) {
    if (!names.empty() && std::find(names.begin(), names.end(), each.name) == names.end()) continue;
    const found_program what = find_app_program(each);
    if (!what.problem.empty()) complain(path + ": " + each.name + "." + what.problem);
    fine = fine && what.problem.empty();
    out.apps.push_back(each);
  }
  return fine ? exit_clean : exit_usage;
}

boost::json::value status_of(const std::string& socket) {
  control_client client(socket);
  control_reply reply;
  boost::system::error_code ec;
  if (client.request("GET", "/v1/status", {}, reply, std::chrono::seconds(2)) || reply.status != 200)
    return nullptr;
  auto status = boost::json::parse(reply.body, ec);
  return ec ? boost::json::value(nullptr) : status;
}

std::string ready_words(const boost::json::value& status) {
  std::string line = std::to_string(count(status, "ready").value_or(0)) + "/" +
                     std::to_string(count(status, "target").value_or(0)) + " ready";
  for (const auto& each : elements(status, "listeners")) line += ", " + text(each, "uri");
  return line + ", pid " + std::to_string(count(status, "pid").value_or(0));
}

pid_t launch(const std::string& mode, const std::string& file, const std::string& name, int error) {
  boost::asio::io_context context;
  const std::vector<std::string> arguments{"--", "supervise", mode, file, name};
  // A daemon leaves nothing of this terminal open; what runs in the foreground has it.
  process::process child = error < 0 ? process::process(context.get_executor(), own_path(), arguments)
                                     : process::process(context.get_executor(), own_path(), arguments,
                                                        process::process_stdio{nullptr, nullptr, error});
  const auto pid = static_cast<pid_t>(child.id());
  child.detach();
  return pid;
}

/// Waits until all workers are ready; the words of a failure if they are not.
std::string wait_until_ready(const app& one, pid_t pid, int words) {
  const auto limit = one.listen_timeout.value_or(std::chrono::seconds(30)) + std::chrono::seconds(15);
  const auto deadline = clock_type::now() + limit;
  const app_place place(one.name);
  std::string said;
  const auto hear = [&] {
    char buffer[4096];
    for (ssize_t size; (size = ::read(words, buffer, sizeof buffer)) > 0;)
      said.append(buffer, static_cast<std::size_t>(size));
    if (said.size() > 65536) said.erase(0, said.size() - 65536);
  };
  while (clock_type::now() < deadline) {
    hear();
    int status = 0;
    const bool ended = ::waitpid(pid, &status, WNOHANG) == pid;
    if (ended) {
      hear();
      while (said.ends_with('\n')) said.pop_back();
      const std::string last = said.substr(said.rfind('\n') + 1);
      std::string line = WIFEXITED(status) ? std::string(meaning_of(WEXITSTATUS(status))) : "it was killed";
      const std::string file = error_file_of(one).empty() ? log_file_of(one) : error_file_of(one);
      if (!last.empty()) line += "; " + last;
      else if (!file.empty()) line += "; " + file + " says more";
      return line;
    }
    const auto now = status_of(place.socket);
    // Another process at that socket would be another cluster.
    if (count(now, "pid") == static_cast<std::uint64_t>(pid) &&
        count(now, "ready").value_or(0) >= count(now, "target").value_or(1)) {
      std::printf("%s: %s\n", one.name.c_str(), ready_words(now).c_str());
      return {};
    }
    ::poll(nullptr, 0, 10);
  }
  return "not ready in time; it goes on, clusterctl logs --name " + one.name + " shows what it says";
}

bool start_one(const app& one, const std::string& file) {
  const app_place place(one.name);
  if (const auto now = status_of(place.socket); !now.is_null()) {
    std::printf("%s: runs already, %s; clusterctl reload %s takes changes in\n", one.name.c_str(),
                ready_words(now).c_str(), one.name.c_str());
    return true;
  }
  if (!write_record({one.name, file})) return false;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  const pid_t pid = launch("daemon", file, one.name, ends[1]);
  ::close(ends[1]);
  const std::string problem = wait_until_ready(one, pid, ends[0]);
  ::close(ends[0]);
  if (problem.empty()) return true;
  complain(one.name + ": " + problem);
  return false;
}

}  // namespace

int start(const verb_options&, const start_options& options) {
  selection chosen;
  if (const int code = select(options, chosen); code != exit_clean) return code;
  bool all = true;
  for (const app& each : chosen.apps) all = start_one(each, chosen.file.path) && all;
  return all ? exit_clean : exit_failed;
}

// The first that fails decides the exit code. Signals go to all; when one has ended by itself the others go
// on.
int run_file(const start_options& options) {
  selection chosen;
  if (const int code = select(options, chosen); code != exit_clean) return code;
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD}) ::sigaddset(&set, number);
  std::vector<pid_t> running;
  // Before the signals are held: they would be held in the children too.
  for (const app& each : chosen.apps) running.push_back(launch("attached", chosen.file.path, each.name, -1));
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const int signals = ::signalfd(-1, &set, SFD_CLOEXEC);
  int code = exit_clean;
  while (!running.empty()) {
    std::erase_if(running, [&](pid_t pid) {
      int status = 0;
      if (::waitpid(pid, &status, WNOHANG) != pid) return false;
      const int one = WIFEXITED(status) ? WEXITSTATUS(status) : exit_failed;
      if (code == exit_clean) code = one;
      return true;
    });
    signalfd_siginfo got{};
    if (running.empty() || ::read(signals, &got, sizeof got) != sizeof got) continue;
    if (got.ssi_signo == SIGCHLD) continue;
    for (const pid_t each : running) ::kill(each, static_cast<int>(got.ssi_signo));
  }
  ::close(signals);
  return code;
}

int remove(const verb_options& common, const std::vector<std::string>& names) {
  int code = exit_clean;
  for (const std::string& name : chosen_names(names)) {
    const app_place place(name);
    const bool runs = !status_of(place.socket).is_null();
    if (!runs && !std::filesystem::exists(place.record)) {
      complain("delete: there is no app '" + name + "'; clusterctl list shows them");
      code = exit_no_cluster;
      continue;
    }
    if (!runs && std::filesystem::exists(place.notes)) {
      complain("delete: the supervisor of '" + name +
               "' was killed, and its workers may serve on; clusterctl start " + name +
               " takes them over, then delete it");
      code = exit_failed;
      continue;
    }
    verb_options one = common;
    one.where = {};
    one.where.name = name;
    one.wait = true;
    if (runs && stop(one, false) != exit_clean) {
      code = exit_failed;
      continue;
    }
    ::unlink(place.record.c_str());
    std::printf("%s: deleted\n", name.c_str());
  }
  return code;
}

}  // namespace cluster::ctl
