// SPDX-License-Identifier: BSL-1.0
#include "run/keeper.hpp"

#include "common/log_output.hpp"
#include "os/executable.hpp"
#include "os/launch.hpp"
#include "run/home.hpp"
#include "run/keeper_rules.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

namespace cluster::run_detail {
namespace {

constexpr const char* mark = "CLUSTER_KEPT";
constexpr int handed_on[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU};
using clock_type = std::chrono::steady_clock;

class keeper {
 public:
  keeper(const options& settings, std::string path, int argc, char** argv)
      : settings_(settings), path_(std::move(path)), arguments_(argv, argv + argc) {
    ::sigemptyset(&waited_for_);
    for (const int number : handed_on) ::sigaddset(&waited_for_, number);
    ::sigaddset(&waited_for_, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &waited_for_, nullptr);
    // Workers whose supervisor has died become children of this process.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }

  int run() {
    for (;;) {
      if (!start()) return 1;
      const keeper_rules::end how = watch();
      auto delay = rules_.next(how);
      if (!delay) return how.code;
      if (stopping_) delay = std::chrono::milliseconds(0);
      settings_.log(log_level::error,
                    "the supervisor ended by " + std::string(how.signalled ? "signal " : "exit code ") +
                        std::to_string(how.code) + "; another one starts" +
                        (delay->count() == 0 ? "" : " in " + std::to_string(delay->count()) + " ms"));
      pause(*delay);
    }
  }

 private:
  bool start() {
    os::launch_plan plan;
    plan.executable = path_;
    plan.arguments = arguments_;
    plan.raise_open_files = false;
    const std::string name = std::string(mark) + "=";
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
      if (!std::string(*entry).starts_with(name)) plan.environment.emplace_back(*entry);
    plan.environment.push_back(name + (stopping_ ? "stop" : "yes"));
    // What was passed to the program as a whole.
    for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
      const int fd = std::atoi(each.path().filename().c_str());
      const int flags = ::fcntl(fd, F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) == 0) plan.descriptors.push_back({fd, fd});
    }
    os::launched_process process;
    if (const os::failure failed = os::launch(plan, process)) {
      settings_.log(log_level::error, "keeper: " + failed.detail);
      return false;
    }
    pid_ = process.pid;
    begun_ = clock_type::now();
    return true;
  }

  keeper_rules::end watch() {
    keeper_rules::end how;
    for (;;) {
      siginfo_t info{};
      const int number = ::sigwaitinfo(&waited_for_, &info);
      if (number == SIGCHLD && collect(how)) return how;
      if (number > 0 && number != SIGCHLD) hand_on(number);
    }
  }

  void hand_on(int number) {
    if (number == SIGTERM || number == SIGINT || number == SIGQUIT) stopping_ = true;
    if (pid_ > 0) ::kill(pid_, number);
  }

  /// Collects all that have ended; true if the supervisor was among them.
  bool collect(keeper_rules::end& how) {
    bool found = false;
    int status = 0;
    for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid != pid_) continue;
      pid_ = -1;
      found = true;
      how.signalled = WIFSIGNALED(status);
      how.code = how.signalled ? WTERMSIG(status) : WEXITSTATUS(status);
      how.lived = std::chrono::duration_cast<std::chrono::milliseconds>(clock_type::now() - begun_);
    }
    return found;
  }

  // Who wants the end meanwhile gets a supervisor at once that does nothing but that.
  void pause(std::chrono::milliseconds time) {
    const auto end = clock_type::now() + time;
    while (!stopping_) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock_type::now());
      if (left.count() <= 0) return;
      const timespec limit{left.count() / 1000, left.count() % 1000 * 1'000'000};
      siginfo_t info{};
      const int number = ::sigtimedwait(&waited_for_, &info, &limit);
      keeper_rules::end ignored;
      if (number == SIGCHLD) collect(ignored);
      else if (number > 0) hand_on(number);
    }
  }

  const options& settings_;
  std::string path_;
  std::vector<std::string> arguments_;
  sigset_t waited_for_{};
  keeper_rules rules_;
  pid_t pid_ = -1;
  clock_type::time_point begun_{};
  bool stopping_ = false;
};

}  // namespace

int keep(options settings, int argc, char** argv) {
  const auto refuse = [&](const std::string& why) {
    write_to_stderr(settings.name + ": keeper: " + why + "\n");
    return 2;
  };
  if (settings.rendezvous == "off")
    return refuse("it needs a rendezvous where workers find the next supervisor");
  for (const std::string& uri : settings.listen)
    if (uri.starts_with("systemd:")) return refuse("'" + uri + "' names one process; pass sockets as fd:N");
  std::string path;
  if (const os::failure failed = os::locate_executable({}, path)) return refuse(failed.detail);
  settle_rendezvous(settings);
  // One that holds as long as this process does, if there is none by name.
  if (settings.rendezvous.empty()) {
    settings.rendezvous = private_rendezvous(settings);
    if (settings.rendezvous.empty())
      return refuse("there is no place for a rendezvous; name one with --rendezvous");
    ::setenv("CLUSTER_RENDEZVOUS", settings.rendezvous.c_str(), 1);
  }
  return keeper(settings, path, argc, argv).run();
}

kept started_by_keeper() {
  const char* value = std::getenv(mark);
  if (value == nullptr) return kept::no;
  const bool stop = std::string_view(value) == "stop";
  ::unsetenv(mark);
  return stop ? kept::only_to_stop : kept::yes;
}

}  // namespace cluster::run_detail
