// SPDX-License-Identifier: BSL-1.0
#include "run/upgrade.hpp"

#include "os/executable.hpp"
#include "os/launch.hpp"
#include "run/signals.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace cluster::run_detail {
namespace {

constexpr std::chrono::seconds time_to_check{10};
constexpr std::chrono::milliseconds time_to_answer{50};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (std::string& each : strings) list.push_back(each.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

upgrader::upgrader(boost::asio::io_context& context, supervisor& master, const options& settings, int argc,
                   char** argv)
    : context_(context),
      master_(master),
      log_(settings.log),
      arguments_(argv, argv + argc),
      deadline_(context) {
  // Now, while the path is known to lead to this program. Without one there is nothing to go to.
  static_cast<void>(os::locate_executable({}, path_));
}

void upgrader::answer(const std::string& why) {
  checking_ = false;
  if (const auto then = std::exchange(then_, nullptr)) then(why);
}

void upgrader::refuse(const std::string& why) {
  log_(log_level::error, "no upgrade: " + why + "; this supervisor goes on");
  answer(why);
}

void upgrader::start(std::function<void(std::string why)> then) {
  if (checking_) {
    log_(log_level::error, "no upgrade: one is under way");
    if (then) then("an upgrade is under way");
    return;
  }
  then_ = std::move(then);
  checking_ = true;
  if (path_.empty()) return refuse("the path of this program is not known");
  if (const std::string why = cannot_leave(); !why.empty()) return refuse(why);
  os::launch_plan plan;
  plan.executable = path_;
  plan.arguments = arguments_;
  plan.arguments.insert(plan.arguments.begin() + (plan.arguments.empty() ? 0 : 1), "--check");
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    plan.environment.emplace_back(*entry);
  const os::unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  // A file in memory: it may say as much as it likes, and nobody has to read meanwhile.
  said_.reset(::memfd_create("cluster-check", MFD_CLOEXEC));
  const int error = said_ ? said_.get() : null.get();
  plan.descriptors = {{null.get(), STDIN_FILENO}, {null.get(), STDOUT_FILENO}, {error, STDERR_FILENO}};
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
  if (checking_) answer("the cluster stops");
}

// In words that say what to do about it.
std::string upgrader::cannot_leave() {
  const error_code ec = master_.prepare_successor();
  if (!ec) return {};
  if (ec == make_error_code(error::invalid_options))
    return "there is no rendezvous where workers could find the next supervisor (--rendezvous)";
  if (ec == make_error_code(error::worker_unavailable))
    return "no worker is ready, and one has to hold the listeners meanwhile";
  return ec.message();
}

// The first line that it wrote, which is the reason as a rule.
std::string upgrader::last_words() const {
  char text[512];
  const ssize_t length = said_ ? ::pread(said_.get(), text, sizeof text, 0) : 0;
  std::string line(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  line.resize(std::min(line.find('\n'), line.size()));
  return line;
}

void upgrader::checked(const exit_status& status) {
  deadline_.cancel();
  check_.reset();
  const std::string words = last_words();
  said_.reset();
  if (status.how != exit_status::kind::exited || status.code != 0)
    return refuse(path_ + " --check ended with " + to_string(status) + (words.empty() ? "" : ": " + words));
  if (!then_) return replace_this_process();
  // Whoever asked has to get the answer from this process.
  if (const std::string why = cannot_leave(); !why.empty()) return refuse(why);
  answer({});
  checking_ = true;
  deadline_.expires_after(time_to_answer);
  deadline_.async_wait([this](const error_code& ec) {
    if (!ec && checking_) replace_this_process();
  });
}

// Everything that is open closes on exec, and the workers see their supervisor go: from then on it is the
// same as after a crash, only that somebody is there already. Signals wait for the new one.
void upgrader::replace_this_process() {
  if (const std::string why = cannot_leave(); !why.empty()) return refuse(why);
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
