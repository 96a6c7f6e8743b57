// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/program.hpp"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace cluster::test {

/// A cluster whose supervisors come and go. All of them are kept: their workers write to their output.
class succession {
 public:
  explicit succession(std::vector<std::string> flags, std::vector<std::string> environment = {},
                      std::vector<std::pair<int, int>> descriptors_of_first = {})
      : flags_(std::move(flags)), environment_(std::move(environment)) {
    std::filesystem::copy_file(CLUSTER_TEST_BINARY_DIR "/examples/90_workbench", folder_ / "app");
    start({}, std::move(descriptors_of_first));
  }

  program& now() { return *all_.back(); }
  /// From here on this one is the present one.
  void choose(const program& winner) {
    const auto at = std::ranges::find_if(all_, [&](const auto& each) { return each.get() == &winner; });
    std::rotate(at, at + 1, all_.end());
  }
  program& first() { return *all_.front(); }
  std::string place() const { return folder_ / "home"; }
  std::string folder(const std::string& name) const { return folder_ / name; }

  program& start(std::vector<std::string> more = {}, std::vector<std::pair<int, int>> descriptors = {}) {
    program_settings settings{folder_ / "app",
                              {"--listen", "127.0.0.1:0", "--rendezvous", place()},
                              environment_,
                              std::move(descriptors)};
    // As service managers do it: the variable names the process itself.
    if (!settings.descriptors.empty()) {
      settings.arguments.insert(settings.arguments.begin(),
                                {"-c", "LISTEN_PID=$$ exec \"$0\" \"$@\"", settings.path});
      settings.path = "/bin/sh";
      settings.environment.insert(settings.environment.end(), {"LISTEN_FDS=1", "LISTEN_FDNAMES=web"});
    }
    settings.arguments.insert(settings.arguments.end(), flags_.begin(), flags_.end());
    settings.arguments.insert(settings.arguments.end(), more.begin(), more.end());
    all_.push_back(std::make_unique<program>(std::move(settings)));
    return now();
  }

  /// Puts another program in the place of this one, by rename, as deployers do.
  void deploy(const std::string& source) {
    std::filesystem::copy_file(source, folder_ / "next", std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(folder_ / "next", folder_ / "app");
  }
  void deploy_script(const std::string& text) {
    std::ofstream(folder_ / "next") << text;
    std::filesystem::permissions(folder_ / "next", std::filesystem::perms::owner_all);
    std::filesystem::rename(folder_ / "next", folder_ / "app");
  }

  /// Kills the present one and waits until it is gone.
  void kill() {
    now().signal(SIGKILL);
    while (process_exists(now().pid())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  /// The living processes of this cluster's program, supervisors aside.
  std::set<int> workers() const {
    std::set<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const int pid = std::atoi(entry.path().filename().c_str());
      std::error_code ec;
      const auto runs = std::filesystem::read_symlink(entry.path() / "exe", ec);
      // Also after another file was put in the place of the one that they run.
      if (pid == 0 || ec || !runs.string().starts_with(folder_ / "app") || !process_exists(pid)) continue;
      if (std::ranges::none_of(all_, [pid](const auto& each) { return each->pid() == pid; }))
        found.insert(pid);
    }
    return found;
  }

  ~succession() {
    // Also those that no program has announced.
    now().signal(SIGKILL);
    for (const int pid : workers()) ::kill(pid, SIGKILL);
  }

 private:
  scratch_folder folder_;
  std::vector<std::string> flags_;
  std::vector<std::string> environment_;
  std::vector<std::unique_ptr<program>> all_;
};

}  // namespace cluster::test
