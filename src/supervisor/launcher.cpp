// SPDX-License-Identifier: BSL-1.0
#include "supervisor/launcher.hpp"

#include "ipc/environment.hpp"
#include "os/account.hpp"
#include "os/cpu_count.hpp"
#include "os/executable.hpp"
#include "os/message_socket.hpp"
#include "os/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

namespace cluster {
namespace {

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

void set(std::vector<std::string>& environment, std::string entry) {
  const std::string_view name = name_of(entry);
  const auto same = [&](const std::string& other) {
    return other.starts_with(name) && (other.size() == name.size() || other[name.size()] == '=');
  };
  if (const auto found = std::ranges::find_if(environment, same); found != environment.end())
    *found = std::move(entry);
  else environment.push_back(std::move(entry));
}

// What concerned the supervisor alone: its service manager's sockets and notification address.
bool stays_here(std::string_view entry) {
  const std::string_view name = name_of(entry);
  return name == "LISTEN_PID" || name == "LISTEN_FDS" || name == "LISTEN_FDNAMES" ||
         name == "NOTIFY_SOCKET" || name == "WATCHDOG_PID" || name == "WATCHDOG_USEC";
}

std::vector<std::string> worker_environment(const std::string& cluster, const launcher::order& which,
                                            const std::vector<std::string>& overlay) {
  std::vector<std::string> environment;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    if (!stays_here(*entry)) environment.emplace_back(*entry);
  for (const std::string& entry : overlay) set(environment, entry);
  set(environment, "CLUSTER_NAME=" + cluster);
  set(environment, "CLUSTER_WORKER_ID=" + std::to_string(which.id.value));
  set(environment, "CLUSTER_WORKER_SLOT=" + std::to_string(which.slot.value));
  set(environment, "CLUSTER_GENERATION=" + std::to_string(which.generation.value));
  return environment;
}

worker_settings settings_of(const options& from) {
  return {from.arguments, from.environment, from.working_directory, from.worker_output, from.launcher, {}};
}

// "%s" and "%i" as the slot and the id.
std::string expanded(std::string_view text, const launcher::order& which) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '%' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 's') result += std::to_string(which.slot.value);
    else if (next == 'i') result += std::to_string(which.id.value);
    else if (next == '%') result += '%';
    else result += text[i];
    if (next == 's' || next == 'i' || next == '%') ++i;
  }
  return result;
}

// By PATH, as a shell does it.
std::string find_program(const std::string& name) {
  if (name.find('/') != name.npos) return name;
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    std::string candidate = std::string(rest.substr(0, end)) + "/" + name;
    if (end != 0 && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return "./" + name;  // exec will name it
}

// A launcher takes the worker's place in the plan and gets it as its argument.
os::failure put_in_front(const std::vector<std::string>& prefix, const launcher::order& which,
                         os::launch_plan& plan) {
  if (prefix.empty()) return {};
  if (plan.executable_fd >= 0)
    return {make_error_code(error::launch_failed),
            "the program that served before is no longer at its path, and a launcher starts it by path"};
  std::vector<std::string> arguments;
  arguments.reserve(prefix.size() + plan.arguments.size());
  for (const std::string& each : prefix) arguments.push_back(expanded(each, which));
  arguments.insert(arguments.end(), plan.arguments.begin(), plan.arguments.end());
  plan.executable = find_program(prefix.front());
  plan.arguments = std::move(arguments);
  return {};
}

// As the service managers define it; the variables with the pid are filled in by the child itself.
void announce_listeners(os::launch_plan& plan, const foreign_start& around) {
  set(plan.environment, "LISTEN_FDS=" + std::to_string(around.listeners.size()));
  set(plan.environment, "LISTEN_FDNAMES=" + around.names);
  set(plan.environment, "NOTIFY_SOCKET=" + around.notify);
  plan.pid_variables.emplace_back("LISTEN_PID");
  if (around.watchdog.count() != 0) {
    set(plan.environment, "WATCHDOG_USEC=" + std::to_string(around.watchdog.count() * 1000));
    plan.pid_variables.emplace_back("WATCHDOG_PID");
  }
  for (std::size_t i = 0; i < around.listeners.size(); ++i)
    plan.descriptors.push_back({around.listeners[i], STDERR_FILENO + 1 + static_cast<int>(i)});
  plan.parent_death_signal = around.parent_death_signal;
}

void pass_node_channel(os::launch_plan& plan, int theirs) {
  const int target = STDERR_FILENO + static_cast<int>(plan.descriptors.size());
  plan.descriptors.push_back({theirs, target});
  set(plan.environment, "NODE_CHANNEL_FD=" + std::to_string(target));
  set(plan.environment, "NODE_CHANNEL_SERIALIZATION_MODE=json");
}

bool still_there(const deployment& what) {
  os::kept_file now;
  return !now.open(what.executable) && now.same_file(what.file);
}

}  // namespace

os::failure launcher::prepare(const options& settings) {
  deployments_.clear();
  null_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_) return {os::last_error(), "/dev/null: " + os::last_error().message()};
  if (os::failure failed = begin(settings, generation_id{1})) return failed;
  nice_ = settings.nice;
  oom_score_ = settings.oom_score;
  no_new_privileges_ = settings.no_new_privileges;
  for_worker_ = settings.for_worker;
  cpus_ = settings.cpu_affinity ? os::allowed_cpus() : std::vector<int>();
  if (!settings.user.empty() || !settings.group.empty()) {
    os::identity who;
    if (os::failure failed = os::resolve_identity(settings.user, settings.group, who)) return failed;
    run_as_ = std::move(who);
  }
  restores_priority_ = os::can_restore_priority(nice_, run_as_ && run_as_->user != ::geteuid());
  return {};
}

os::failure launcher::begin(const options& settings, generation_id generation) {
  deployment next;
  // Without a new path the old one holds: it is what is at the end of it that may have changed.
  if (settings.executable.empty() && !deployments_.empty()) {
    next.executable = executable();
  } else if (os::failure failed = os::locate_executable(settings.executable, next.executable)) {
    return failed;
  }
  if (os::failure failed = next.file.open(next.executable)) return failed;
  next.each = settings_of(settings);
  deployments_.insert_or_assign(generation, std::move(next));
  return {};
}

void launcher::forget_before(generation_id generation) {
  deployments_.erase(deployments_.begin(), deployments_.lower_bound(generation));
}

void launcher::forget(generation_id generation) { deployments_.erase(generation); }

void launcher::adopt(const options& settings, generation_id generation, int pid) {
  // Behind this link is the file itself, also if another one lies at its path by now.
  os::kept_file running;
  if (running.open("/proc/" + std::to_string(pid) + "/exe")) return;
  const std::string path = executable();
  deployment& found = deployments_[generation];
  found.file = std::move(running);
  if (!found.executable.empty()) return;
  found.executable = path;
  found.each = settings_of(settings);
}

void launcher::rename_newest(generation_id generation) {
  auto entry = deployments_.extract(deployments_.begin());
  entry.key() = generation;
  deployments_.insert(std::move(entry));
}

std::optional<uid_t> launcher::worker_user() const {
  return run_as_ ? std::optional(run_as_->user) : std::nullopt;
}

const std::string& launcher::executable() const noexcept {
  static const std::string none;
  return deployments_.empty() ? none : deployments_.rbegin()->second.executable;
}

os::failure launcher::launch(const std::string& cluster, const order& which, os::launched_process& process,
                             os::unique_fd& channel, output_pipes* output) const {
  os::unique_fd ours;
  os::unique_fd theirs;
  if (which.foreign == nullptr || which.foreign->node_channel)
    if (const error_code ec = which.foreign == nullptr ? os::make_message_pair(ours, theirs)
                                                       : os::make_stream_pair(ours, theirs))
      return {ec, "channel: " + ec.message()};
  const auto found = deployments_.find(which.generation);
  if (found == deployments_.end())
    return {make_error_code(error::launch_failed), "nothing is known of its generation any more"};
  const deployment& what = found->second;
  worker_settings each = what.each;
  try {
    if (for_worker_) for_worker_(which.id, which.slot, each);
  } catch (const std::exception& problem) {
    return {make_error_code(error::launch_failed), std::string("its settings: ") + problem.what()};
  } catch (...) {
    return {make_error_code(error::launch_failed),
            "its settings: something that is no std::exception was thrown"};
  }
  os::launch_plan plan;
  plan.executable = what.executable;
  if (which.last_good && !still_there(what)) {
    // By path the new file would be run; by descriptor it is the old one, unless it was overwritten.
    if (!what.file.unchanged())
      return {make_error_code(error::launch_failed),
              "exec " + what.executable + ": the file that served before has been changed in place"};
    plan.executable_fd = what.file.fd();
  }
  plan.arguments = {what.executable};
  plan.arguments.insert(plan.arguments.end(), each.arguments.begin(), each.arguments.end());
  plan.environment = worker_environment(cluster, which, each.environment);
  plan.working_directory = each.working_directory;
  if (os::failure failed = put_in_front(each.launcher, which, plan)) return failed;
  plan.run_as = run_as_;
  plan.nice = nice_;
  plan.oom_score = oom_score_;
  plan.no_new_privileges = no_new_privileges_;
  plan.yielding = which.foreign == nullptr && each.launcher.empty();
  plan.lower_priority = plan.yielding && restores_priority_;
  if (!cpus_.empty()) plan.cpus = {cpus_[which.slot.value % cpus_.size()]};
  plan.descriptors = {{null_.get(), STDIN_FILENO}};
  if (which.foreign != nullptr) {
    announce_listeners(plan, *which.foreign);
    if (theirs) pass_node_channel(plan, theirs.get());
  } else {
    set(plan.environment, std::string(ipc::channel_variable) + "=" + std::to_string(ipc::channel_descriptor));
    plan.descriptors.push_back({theirs.get(), ipc::channel_descriptor});
  }
  int first_free = STDERR_FILENO + 1;
  for (const auto& taken : plan.descriptors) first_free = std::max(first_free, taken.target + 1);
  for (const auto& [source, target] : each.descriptors) {
    if (target < first_free || target > 1023 || ::fcntl(source, F_GETFD) < 0)
      return {make_error_code(error::launch_failed),
              "descriptor " + std::to_string(source) + " as " + std::to_string(target) +
                  ": the first has to be open, the second in " + std::to_string(first_free) + " to 1023"};
    plan.descriptors.push_back({source, target});
  }
  os::unique_fd out;
  os::unique_fd error;
  if (!each.output.empty()) {
    const std::string path = expanded(each.output, which);
    out.reset(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640));
    if (!out) return {os::last_error(), path + ": " + os::last_error().message()};
    plan.descriptors.push_back({out.get(), STDOUT_FILENO});
    plan.descriptors.push_back({out.get(), STDERR_FILENO});
  } else if (output != nullptr) {
    if (os::failure failed = os::make_output_pipe(output->out, out)) return failed;
    if (os::failure failed = os::make_output_pipe(output->error, error)) return failed;
    plan.descriptors.push_back({out.get(), STDOUT_FILENO});
    plan.descriptors.push_back({error.get(), STDERR_FILENO});
  } else {
    // A supervisor without stdout or stderr (some service managers) gives its workers /dev/null there.
    for (const int standard : {STDOUT_FILENO, STDERR_FILENO})
      plan.descriptors.push_back({::fcntl(standard, F_GETFD) < 0 ? null_.get() : standard, standard});
  }
  if (os::failure failed = os::launch(plan, process)) return failed;
  channel = std::move(ours);
  return {};
}

}  // namespace cluster
