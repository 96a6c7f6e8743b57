// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/child.hpp"
#include "os/launch.hpp"
#include "support/catch.hpp"
#include "support/pipe.hpp"
#include "unit/os/surroundings.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace cluster::test {

inline constexpr const char* this_program = "/proc/self/exe";

/// This very file, by a path that stays valid in a child.
inline std::string own_path() { return std::filesystem::read_symlink(this_program).string(); }

inline os::launch_plan plan_for(std::string executable, std::vector<std::string> arguments = {}) {
  os::launch_plan plan;
  plan.executable = std::move(executable);
  plan.arguments = {plan.executable};
  for (std::string& each : arguments) plan.arguments.push_back(std::move(each));
  plan.environment = {"PATH=/usr/bin:/bin"};
  return plan;
}

/// This program in one of its roles (see support/role.hpp).
inline os::launch_plan role_plan(std::string name, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {"--role", std::move(name)});
  return plan_for(own_path(), std::move(arguments));
}

inline os::launch_plan shell_plan(std::string script) {
  return plan_for("/bin/sh", {"-c", std::move(script)});
}

inline os::launched_process start(const os::launch_plan& plan) {
  os::launched_process process;
  const os::failure failed = os::launch(plan, process);
  INFO(failed.detail);
  REQUIRE_FALSE(failed);
  REQUIRE(process.pid > 0);
  REQUIRE(process.pidfd);
  return process;
}

/// Blocks until the process has ended, at most twenty seconds.
inline exit_status wait_end(const os::launched_process& process) {
  pollfd ended{process.pidfd.get(), POLLIN, 0};
  REQUIRE(::poll(&ended, 1, 20'000) == 1);
  exit_status status;
  REQUIRE(os::collect_status(process.pidfd.get(), status));
  return status;
}

/// A shell that reads from an input of which we hold the other end, and so ends when it is told to.
struct waiting_child {
  explicit waiting_child(std::string script = "read line",
                         const std::function<void(os::launch_plan&)>& ask = {}) {
    os::launch_plan plan = shell_plan(std::move(script));
    plan.descriptors.push_back({input_.from.get(), STDIN_FILENO});
    if (ask) ask(plan);
    process = start(plan);
    input_.from.reset();
  }
  exit_status end() {
    input_.to.reset();
    return wait_end(process);
  }

  os::launched_process process;

 private:
  pipe_ends input_;
};

struct outcome {
  exit_status status;
  std::string output;

  /// The value of the line "name=value".
  std::string value(const std::string& name) const {
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
    return "(no line " + name + ")";
  }
};

/// Runs a plan with its standard output captured (descriptors 0 and 2 are the plan's own affair).
inline outcome run(os::launch_plan plan) {
  pipe_ends pipe;
  plan.descriptors.push_back({pipe.to.get(), STDOUT_FILENO});
  const os::launched_process process = start(plan);
  pipe.to.reset();
  outcome result;
  char buffer[4096];
  for (ssize_t length; (length = ::read(pipe.from.get(), buffer, sizeof buffer)) > 0;)
    result.output.append(buffer, static_cast<std::size_t>(length));
  result.status = wait_end(process);
  return result;
}

inline exit_status exited_with(int code) {
  exit_status status;
  status.how = exit_status::kind::exited;
  status.code = code;
  return status;
}

inline exit_status ended_by(int signal, bool core = false) {
  exit_status status;
  status.how = exit_status::kind::signalled;
  status.signal = signal;
  status.core = core;
  return status;
}

/// No child of this process is left, neither running nor as a zombie.
inline bool no_children() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

}  // namespace cluster::test
