// SPDX-License-Identifier: BSL-1.0
#include "os/executable.hpp"
#include "support/catch.hpp"
#include "unit/os/surroundings.hpp"

#include <filesystem>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
namespace fs = std::filesystem;

namespace {

/// <folder>/releases/1/app, and `current` as a link to releases/1.
struct deployed {
  scratch_folder folder;
  std::string release = folder / "releases/1";
  std::string current = folder / "current";

  deployed() {
    write_file(release + "/app", "#!/bin/sh\n");
    fs::permissions(release + "/app", fs::perms::owner_all);
    fs::create_directory_symlink(release, current);
  }
};

std::string located(const std::string& path) {
  std::string found;
  const failure failed = locate_executable(path, found);
  INFO(failed.detail);
  REQUIRE_FALSE(failed);
  return found;
}

}  // namespace

TEST_CASE("an absolute path stays as it is, links included") {
  const deployed app;
  CHECK(located(app.current + "/app") == app.current + "/app");
}

TEST_CASE("a relative path becomes absolute through the links that the user walked") {
  const deployed app;
  const working_directory_guard here(app.current);
  const environment_guard logical("PWD", app.current.c_str());
  CHECK(located("app") == app.current + "/app");
  CHECK(located("./app") == app.current + "/app");
  const std::string up = located("../1/app");
  CHECK(up.starts_with("/"));
  CHECK(fs::equivalent(up, app.release + "/app"));
}

TEST_CASE("a working directory in the environment that lies is not believed") {
  const deployed app;
  const scratch_folder elsewhere;
  const working_directory_guard here(app.current);
  const std::string real = fs::canonical(app.release).string() + "/app";
  for (const char* lie : {elsewhere.path().c_str(), ".", "", "current", "/nowhere/at/all"}) {
    const environment_guard logical("PWD", lie);
    INFO("PWD=" << lie);
    CHECK(located("app") == real);
  }
  const environment_guard none("PWD", nullptr);
  CHECK(located("app") == real);
}

TEST_CASE("a file that cannot be run is refused with its path and the reason") {
  const deployed app;
  write_file(app.folder / "text", "no program\n");
  fs::permissions(app.folder / "text", fs::perms::owner_read);
  struct {
    std::string path;
    std::string reason;
  } const cases[] = {
      {app.folder / "missing", "No such file"},
      {app.folder / "text", "Permission denied"},
      {app.folder / "text/app", "Not a directory"},
      {app.folder.path(), ""},
  };
  for (const auto& each : cases) {
    std::string found;
    const failure failed = locate_executable(each.path, found);
    INFO(each.path << ": " << failed.detail);
    CHECK(failed.code == error::invalid_options);
    CHECK(failed.detail.find(each.path) != std::string::npos);
    CHECK(failed.detail.find(each.reason) != std::string::npos);
  }
}

TEST_CASE("no path means this program") {
  const std::string self = located("");
  CHECK(self.starts_with("/"));
  CHECK(fs::equivalent(self, "/proc/self/exe"));
}
