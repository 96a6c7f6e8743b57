// SPDX-License-Identifier: BSL-1.0
// Development: a reload whenever a file has changed.
#include "ctl/exit_code.hpp"
#include "ctl/session.hpp"
#include "ctl/supervise.hpp"

#include <boost/system/errc.hpp>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

namespace cluster::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_folders = 2000;
constexpr int quiet_ms = 150;  ///< a build writes many files; one reload when it pauses
constexpr std::uint32_t changes = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                                  IN_ATTRIB | IN_DELETE_SELF | IN_ONLYDIR;

bool of_no_interest(const std::string& name) {
  return name.empty() || name.front() == '.' || name == "node_modules" || name == "__pycache__" ||
         name.ends_with('~') || name.ends_with(".log") || name.ends_with(".pyc") || name.ends_with(".sock");
}

/// Folders that are watched, with what is below them. A file is watched by its folder, since editors replace
/// it.
class watched_folders {
 public:
  explicit watched_folders(int fd) : fd_(fd) {}

  void add(const fs::path& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return add_tree(path);
    add_one(path.parent_path(), path.filename().string());
  }

  /// Whether a change of that name in that folder matters.
  bool matters(int watch, const std::string& name) {
    const auto found = folders_.find(watch);
    if (found == folders_.end() || of_no_interest(name)) return false;
    std::error_code ignored;
    if (found->second.only.empty() && fs::is_directory(found->second.path / name, ignored)) {
      add_tree(found->second.path / name);
      return false;
    }
    return found->second.only.empty() || found->second.only == name;
  }

 private:
  struct folder {
    fs::path path;
    std::string only;  ///< if set, nothing else in it matters
  };

  void add_one(const fs::path& path, const std::string& only) {
    if (folders_.size() >= most_folders) return;
    const int watch = ::inotify_add_watch(fd_, path.c_str(), changes);
    if (watch >= 0) folders_[watch] = {path, only};
  }

  void add_tree(const fs::path& path) {
    add_one(path, {});
    std::error_code ignored;
    for (const auto& each : fs::directory_iterator(path, ignored))
      if (each.is_directory(ignored) && !each.is_symlink(ignored) &&
          !of_no_interest(each.path().filename().string()))
        add_tree(each.path());
  }

  int fd_;
  std::map<int, folder> folders_;
};

bool read_changes(int fd, watched_folders& folders) {
  alignas(inotify_event) std::array<char, 16384> buffer;
  bool any = false;
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof(inotify_event)) <= size;) {
    const auto* one = reinterpret_cast<const inotify_event*>(buffer.data() + at);
    at += static_cast<ssize_t>(sizeof(inotify_event) + one->len);
    if ((one->mask & IN_Q_OVERFLOW) != 0) any = true;
    else if (one->len != 0) any = folders.matters(one->wd, one->name) || any;
  }
  return any;
}

}  // namespace

int watch_paths(const std::string& socket, const std::vector<std::string>& paths) {
  const int fd = ::inotify_init1(IN_CLOEXEC);
  if (fd < 0) {
    complain(std::string("watch: ") + std::strerror(errno));
    return exit_failed;
  }
  watched_folders folders(fd);
  for (const std::string& each : paths) folders.add(each);
  bool changed = false;
  for (;;) {
    pollfd ready{fd, POLLIN, 0};
    const int got = ::poll(&ready, 1, changed ? quiet_ms : -1);
    if (got < 0 && errno != EINTR) return exit_failed;
    if (got > 0) changed = read_changes(fd, folders) || changed;
    if (got != 0 || !changed) continue;
    // One under way goes on; what changed meanwhile is the next one's.
    control_client client(socket);
    control_reply reply;
    const error_code ec = client.request("POST", "/v1/reload?wait=1", {}, reply, std::chrono::minutes(5));
    changed = !ec && reply.status == 409;
  }
}

}  // namespace cluster::ctl
