// SPDX-License-Identifier: BSL-1.0
#include "run/upgrade.hpp"

#include "os/executable.hpp"
#include "os/launch.hpp"
#include "run/signals.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace cluster::run_detail {
namespace {

constexpr std::chrono::seconds time_to_check{10};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& each : strings) list.push_back(each.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

upgrader::upgrader(boost::asio::io_context& context, supervisor& master, const options& settings, int argc,
                   char** argv)
    : context_(context), master_(master), log_(settings.log), arguments_(argv, argv + argc), deadline_(context) {
  // Now, while the path is known to lead to this program. Without one there is nothing to go to.
  static_cast<void>(os::locate_executable({}, path_));
}

void upgrader::refuse(const std::string& why) const {
  log_(log_level::error, "no upgrade: " + why + "; this supervisor goes on");
}

void upgrader::start() {
  if (check_) return refuse("one is under way");
  if (path_.empty()) return refuse("the path of this program is not known");
  if (const error_code ec = master_.prepare_successor()) return refuse(ec.message());
  os::launch_plan plan;
  plan.executable = path_;
  plan.arguments = arguments_;
  plan.arguments.insert(plan.arguments.begin() + (plan.arguments.empty() ? 0 : 1), "--check");
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    plan.environment.emplace_back(*entry);
  const os::unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  // What it says on its standard output is for whoever asks by hand; what is wrong comes on the other one.
  plan.descriptors = {{null.get(), STDIN_FILENO}, {null.get(), STDOUT_FILENO}, {STDERR_FILENO, STDERR_FILENO}};
  os::launched_process process;
  if (const os::failure failed = os::launch(plan, process)) return refuse(failed.detail);
  check_ = std::make_unique<os::child>(context_.get_executor(), std::move(process));
  check_->wait([this](const exit_status& status) { checked(status); });
  deadline_.expires_after(time_to_check);
  deadline_.async_wait([this](const error_code& ec) {
    if (!ec && check_) check_->signal(SIGKILL);
  });
}

void upgrader::cancel() {
  deadline_.cancel();
  if (check_) check_->signal(SIGKILL);
  check_.reset();
}

void upgrader::checked(const exit_status& status) {
  deadline_.cancel();
  check_.reset();
  if (status.how != exit_status::kind::exited || status.code != 0)
    return refuse(path_ + " --check ended with " + to_string(status));
  replace_this_process();
}

// Everything that is open closes on exec, and the workers see their supervisor go: from then on it is the
// same as after a crash, only that somebody is there already. Signals wait for the new one.
void upgrader::replace_this_process() {
  if (const error_code ec = master_.prepare_successor()) return refuse(ec.message());
  log_(log_level::info, "upgrade: process " + std::to_string(::getpid()) + " becomes " + path_);
  std::vector<std::string> arguments = arguments_;
  const std::vector<char*> list = pointers(arguments);
  hold_signals();
  ::execv(path_.c_str(), list.data());
  const error_code ec = {errno, boost::system::system_category()};
  let_signals_through();
  refuse("exec " + path_ + ": " + ec.message());
}

}  // namespace cluster::run_detail
