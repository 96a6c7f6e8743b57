// SPDX-License-Identifier: BSL-1.0
#include "support/program.hpp"

#include "os/child.hpp"
#include "os/process_object.hpp"
#include "support/process.hpp"

#include <boost/asio/io_context.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <regex>
#include <set>
#include <stdexcept>
#include <thread>

namespace cluster::test {
namespace {

std::vector<std::string> merged_environment(const std::vector<std::string>& overlay) {
  std::vector<std::string> all;
  const auto name = [](const std::string& entry) { return entry.substr(0, entry.find('=') + 1); };
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    bool replaced = false;
    for (const std::string& each : overlay)
      replaced = replaced || std::string(*entry).starts_with(name(each));
    if (!replaced) all.emplace_back(*entry);
  }
  all.insert(all.end(), overlay.begin(), overlay.end());
  return all;
}

}  // namespace

struct program::impl {
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> lines;
  std::map<std::string, std::size_t> seen;  // where the last wait for a text ended
  bool closed = false;
  std::thread reader;
  boost::asio::io_context context;
  std::optional<boost::process::v2::basic_process<boost::asio::any_io_executor>> process;
  os::unique_fd pidfd;
  int pid = -1;
  bool over = false;

  void read(int fd) {
    std::string rest;
    char buffer[4096];
    for (ssize_t length; (length = ::read(fd, buffer, sizeof buffer)) > 0;) {
      rest.append(buffer, static_cast<std::size_t>(length));
      const std::lock_guard lock(mutex);
      for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1))
        lines.push_back(rest.substr(0, end));
      changed.notify_all();
    }
    const std::lock_guard lock(mutex);
    closed = true;
    changed.notify_all();
    ::close(fd);
  }
};

program::program(program_settings settings) : impl_(std::make_unique<impl>()) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  os::launch_plan plan;
  plan.executable = settings.path;
  plan.arguments = {settings.path};
  plan.arguments.insert(plan.arguments.end(), settings.arguments.begin(), settings.arguments.end());
  plan.environment = merged_environment(settings.environment);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  plan.descriptors = {{null, 0}, {pipe[1], 1}, {pipe[1], 2}};
  for (const auto& [source, target] : settings.descriptors) plan.descriptors.push_back({source, target});
  os::launched_process started;
  const os::failure failed = os::launch(plan, started);
  ::close(null);
  ::close(pipe[1]);
  if (failed) {
    ::close(pipe[0]);
    throw std::runtime_error(failed.detail);
  }
  impl_->pid = started.pid;
  impl_->pidfd.reset(::fcntl(started.pidfd.get(), F_DUPFD_CLOEXEC, 3));
  impl_->process.emplace(os::to_process_object(impl_->context.get_executor(), std::move(started)));
  impl_->reader = std::thread([this, fd = pipe[0]] { impl_->read(fd); });
}

program::~program() {
  if (!impl_->over) {
    ::kill(impl_->pid, SIGKILL);
    exit_status ignored;
    pollfd gone{impl_->pidfd.get(), POLLIN, 0};
    ::poll(&gone, 1, 5000);
    os::collect_status(impl_->pidfd.get(), ignored);
    for (const worker_line& each : ready_workers())
      if (process_exists(each.pid)) ::kill(each.pid, SIGKILL);
  }
  impl_->process->detach();
  impl_->reader.join();
}

int program::pid() const { return impl_->pid; }
void program::signal(int number) const { ::kill(impl_->pid, number); }
bool program::running() const { return !impl_->over && process_exists(impl_->pid); }

std::string program::wait_for(const std::string& text, std::chrono::milliseconds limit) {
  std::unique_lock lock(impl_->mutex);
  std::size_t& from = impl_->seen[text];
  std::string found;
  const auto look = [&] {
    for (; from < impl_->lines.size(); ++from) {
      if (impl_->lines[from].find(text) == std::string::npos) continue;
      found = impl_->lines[from++];
      return true;
    }
    return impl_->closed;
  };
  if (impl_->changed.wait_for(lock, limit, look) && !found.empty()) return found;
  lock.unlock();
  throw std::runtime_error("no line with '" + text + "' came; the output was:\n" + output());
}

void program::wait_ready(std::size_t count) {
  while (ready_workers().size() < count) wait_for(") is ready");
}

exit_status program::wait_exit(std::chrono::milliseconds limit) {
  pollfd gone{impl_->pidfd.get(), POLLIN, 0};
  if (::poll(&gone, 1, static_cast<int>(limit.count())) != 1)
    throw std::runtime_error("the program does not end; its output was:\n" + output());
  exit_status status;
  os::collect_status(impl_->pidfd.get(), status);
  impl_->over = true;
  // Workers hold the same pipe: it closes when the last of them is gone.
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait_for(lock, limit, [&] { return impl_->closed; });
  return status;
}

std::string program::uri() {
  const std::string text = output();
  std::smatch match;
  if (!std::regex_search(text, match, std::regex("listening on ([^,\n]+)"))) {
    wait_for("listening on ");
    return uri();
  }
  return match[1];
}

std::uint16_t program::port() {
  const std::string where = uri();
  return static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1)));
}

std::vector<program::worker_line> program::ready_workers() const {
  static const std::regex form(R"(worker (\d+) \(slot (\d+), pid (\d+)\) is ready)");
  const std::lock_guard lock(impl_->mutex);
  std::vector<worker_line> found;
  for (const std::string& line : impl_->lines) {
    std::smatch match;
    if (std::regex_search(line, match, form))
      found.push_back({std::stoull(match[1]), std::stoull(match[2]), std::stoi(match[3])});
  }
  std::sort(found.begin(), found.end(), [](const auto& one, const auto& other) { return one.id < other.id; });
  return found;
}

std::string program::output() const {
  const std::lock_guard lock(impl_->mutex);
  std::string all;
  for (const std::string& line : impl_->lines) all += line + "\n";
  return all;
}

std::size_t program::count(const std::string& text) const {
  const std::lock_guard lock(impl_->mutex);
  std::size_t found = 0;
  for (const std::string& line : impl_->lines)
    if (line.find(text) != std::string::npos) ++found;
  return found;
}

std::size_t descriptors_of(int pid) {
  std::error_code ec;
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd", ec);
  return ec ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t private_kib_of(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::size_t sum = 0;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("Private_")) sum += std::stoul(line.substr(line.find(':') + 1));
  return sum;
}

bool process_exists(int pid) {
  const char state = state_of(pid);
  return state != '?' && state != 'Z' && state != 'X';
}

scratch_folder::scratch_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "cluster-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = pattern;
}

scratch_folder::~scratch_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace cluster::test
