// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/catch.hpp"
#include "support/strict_load.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace cluster::test {

inline const std::string built = CLUSTER_TEST_BINARY_DIR "/examples/90_workbench";

inline program_settings workbench(const std::string& path, std::vector<std::string> flags,
                                  std::vector<std::string> environment = {}) {
  program_settings settings{path, {"--listen", "127.0.0.1:0"}, std::move(environment), {}};
  settings.arguments.insert(settings.arguments.end(), flags.begin(), flags.end());
  return settings;
}

inline std::set<int> living(const program& cluster) {
  std::set<int> pids;
  for (const auto& each : cluster.ready_workers())
    if (process_exists(each.pid)) pids.insert(each.pid);
  return pids;
}

/// A folder with the program in it, to be deployed over.
struct deployment {
  deployment() { std::filesystem::copy_file(built, path()); }
  std::string path() const { return folder / "app"; }
  /// Puts another file in its place, by rename, as deployers do.
  void replace_by(const std::string& source) {
    std::filesystem::copy_file(source, folder / "next", std::filesystem::copy_options::overwrite_existing);
    std::filesystem::rename(folder / "next", path());
  }
  void replace_by_script(const std::string& text) {
    const int fd = ::open((folder / "next").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    REQUIRE(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(fd);
    std::filesystem::rename(folder / "next", path());
  }
  scratch_folder folder;
};

using idle_connections = std::vector<std::unique_ptr<connection>>;

/// Connections that have had one answer each.
inline idle_connections settle(std::uint16_t port, int count) {
  idle_connections idle;
  for (int i = 0; i < count; ++i) {
    idle.push_back(std::make_unique<connection>(port));
    REQUIRE(idle.back()->get("/").status == 200);
  }
  return idle;
}

}  // namespace cluster::test
