// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/catch.hpp"
#include "support/strict_load.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
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

/// The fewest workers that were ready at one time, by the events as they were written, from the moment on
/// when `target` had become ready for the first time.
inline std::size_t fewest_ready(const program& cluster, std::size_t target) {
  static const std::regex form(R"(worker (\d+) \(slot \d+, pid \d+\) (is ready|drains|ended))");
  std::set<std::string> ready;
  std::size_t fewest = target;
  bool complete = false;
  std::istringstream lines(cluster.output());
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_search(line, match, form)) continue;
    if (match[2] == "is ready") ready.insert(match[1]);
    else ready.erase(match[1]);
    complete = complete || ready.size() == target;
    if (complete) fewest = std::min(fewest, ready.size());
  }
  return fewest;
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
