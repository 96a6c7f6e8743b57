// SPDX-License-Identifier: BSL-1.0
#include "supervisor/launcher.hpp"

#include "ipc/environment.hpp"
#include "os/account.hpp"
#include "os/executable.hpp"
#include "os/message_socket.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace cluster {
namespace {

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

void set(std::vector<std::string>& environment, std::string entry) {
  const auto same = [&](const std::string& other) { return name_of(other) == name_of(entry); };
  if (const auto found = std::ranges::find_if(environment, same); found != environment.end())
    *found = std::move(entry);
  else
    environment.push_back(std::move(entry));
}

// What concerned the supervisor alone: its service manager's sockets and notification address.
bool stays_here(std::string_view entry) {
  const std::string_view name = name_of(entry);
  return name == "LISTEN_PID" || name == "LISTEN_FDS" || name == "LISTEN_FDNAMES" ||
         name == "NOTIFY_SOCKET" || name == "WATCHDOG_PID" || name == "WATCHDOG_USEC";
}

std::vector<std::string> worker_environment(const options& settings, worker_id id, slot_id slot,
                                            generation_id generation) {
  std::vector<std::string> environment;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    if (!stays_here(*entry)) environment.emplace_back(*entry);
  for (const std::string& entry : settings.environment) set(environment, entry);
  set(environment, "CLUSTER_NAME=" + settings.name);
  set(environment, "CLUSTER_WORKER_ID=" + std::to_string(id.value));
  set(environment, "CLUSTER_WORKER_SLOT=" + std::to_string(slot.value));
  set(environment, "CLUSTER_GENERATION=" + std::to_string(generation.value));
  set(environment, std::string(ipc::channel_variable) + "=" + std::to_string(ipc::channel_descriptor));
  return environment;
}

}  // namespace

os::failure launcher::prepare(const options& settings) {
  if (os::failure failed = os::locate_executable(settings.executable, executable_)) return failed;
  if (settings.user.empty() && settings.group.empty()) return {};
  os::identity who;
  if (os::failure failed = os::resolve_identity(settings.user, settings.group, who)) return failed;
  run_as_ = std::move(who);
  return {};
}

os::failure launcher::launch(const options& settings, worker_id id, slot_id slot,
                             generation_id generation, os::launched_process& process,
                             os::unique_fd& channel) const {
  os::unique_fd ours;
  os::unique_fd theirs;
  if (const error_code ec = os::make_message_pair(ours, theirs)) return {ec, "channel: " + ec.message()};
  const os::unique_fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) return {os::last_error(), "/dev/null: " + os::last_error().message()};

  os::launch_plan plan;
  plan.executable = executable_;
  plan.arguments = {executable_};
  plan.arguments.insert(plan.arguments.end(), settings.arguments.begin(), settings.arguments.end());
  plan.environment = worker_environment(settings, id, slot, generation);
  plan.run_as = run_as_;
  plan.descriptors = {{null.get(), STDIN_FILENO}, {theirs.get(), ipc::channel_descriptor}};
  // A supervisor without stdout or stderr (some service managers) gives its workers /dev/null there.
  for (const int standard : {STDOUT_FILENO, STDERR_FILENO})
    plan.descriptors.push_back({::fcntl(standard, F_GETFD) < 0 ? null.get() : standard, standard});
  if (os::failure failed = os::launch(plan, process)) return failed;
  channel = std::move(ours);
  return {};
}

}  // namespace cluster
