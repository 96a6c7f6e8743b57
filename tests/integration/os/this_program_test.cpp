// SPDX-License-Identifier: BSL-1.0
// What a program takes for its own path, started in various ways.
#include "integration/os/launching.hpp"

#include <filesystem>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
namespace fs = std::filesystem;

namespace {

launch_plan locate_plan(const std::string& executable, std::vector<std::string> environment = {}) {
  launch_plan plan = plan_for(executable, {"--role", "locate"});
  plan.environment = std::move(environment);
  return plan;
}

}  // namespace

TEST_CASE("a program finds itself by the path it was started by, links kept") {
  const scratch_folder folder;
  fs::create_directory(folder / "releases");
  fs::create_symlink(own_path(), folder / "releases/app");
  fs::create_directory_symlink(folder / "releases", folder / "current");
  const std::string path = folder / "current/app";
  CHECK(run(locate_plan(own_path())).value("path") == own_path());
  CHECK(run(locate_plan(path)).value("path") == path);
}

TEST_CASE("a program that was started by a relative path finds itself from anywhere") {
  const scratch_folder folder;
  fs::create_symlink(own_path(), folder / "app");
  const working_directory_guard here(folder.path());
  for (const char* start : {"./app", "app"}) {
    // The launcher itself searches no PATH, so "app" means the file here as well.
    CHECK(run(locate_plan(start)).value("path") == fs::canonical(folder.path()).string() + "/app");
  }
}

TEST_CASE("argv[0] is not believed") {
  launch_plan plan = locate_plan(own_path());
  plan.arguments[0] = "/bin/true";
  CHECK(run(plan).value("path") == own_path());
}

TEST_CASE("a program whose file is gone says so, and what can be done") {
  const scratch_folder folder;
  const std::string path = folder / "app";
  fs::copy_file(own_path(), path);
  launch_plan plan = locate_plan(path);
  plan.arguments.push_back(path);
  const outcome result = run(plan);
  CHECK(result.value("refused").find("executable: the file of this program is gone") == 0);
  CHECK(result.value("refused").find("options::executable") != std::string::npos);
}
