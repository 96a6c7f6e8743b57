// SPDX-License-Identifier: BSL-1.0
#include "integration/os/launching.hpp"
#include "unit/os/other_user.hpp"

#include <filesystem>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
namespace fs = std::filesystem;

namespace {

/// Launches what cannot be launched; checks that nothing of it is left.
failure refused(const launch_plan& plan) {
  const std::size_t before = descriptor_count();
  launched_process process;
  failure failed = launch(plan, process);
  CHECK(failed.code.failed());
  CHECK(process.pid == -1);
  CHECK_FALSE(process.pidfd);
  CHECK(no_children());
  CHECK(descriptor_count() == before);
  return failed;
}

std::string file_with(const scratch_folder& folder, const std::string& content, fs::perms mode) {
  const std::string path = folder / "file";
  write_file(path, content);
  fs::permissions(path, mode);
  return path;
}

}  // namespace

TEST_CASE("a missing executable is named with the stage and the reason") {
  const failure failed = refused(plan_for("/no/such/program"));
  CHECK(failed.code.value() == ENOENT);
  CHECK(failed.detail == "exec /no/such/program: No such file or directory");
}

TEST_CASE("files that cannot be run are named with the reason") {
  const scratch_folder folder;
  SECTION("not executable") {
    const std::string path = file_with(folder, "#!/bin/sh\n", fs::perms::owner_read);
    CHECK(refused(plan_for(path)).detail == "exec " + path + ": Permission denied");
  }
  SECTION("a folder") { CHECK(refused(plan_for(folder.path())).code.value() == EACCES); }
  SECTION("no program format") {
    const std::string path = file_with(folder, "\x01\x02 garbage", fs::perms::owner_all);
    CHECK(refused(plan_for(path)).detail == "exec " + path + ": Exec format error");
  }
  SECTION("a script whose interpreter is missing") {
    const std::string path = file_with(folder, "#!/no/such/interpreter\n", fs::perms::owner_all);
    CHECK(refused(plan_for(path)).code.value() == ENOENT);
  }
  SECTION("a file that is being written") {
    const std::string path = folder / "app";
    fs::copy_file("/bin/true", path);
    const unique_fd writer(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(writer);
    CHECK(refused(plan_for(path)).detail == "exec " + path + ": Text file busy");
  }
}

TEST_CASE("arguments beyond the kernel's limit are an exec failure, not a crash") {
  launch_plan plan = plan_for("/bin/true");
  plan.environment.push_back("HUGE=" + std::string(4 * 1024 * 1024, 'x'));
  CHECK(refused(plan).detail == "exec /bin/true: Argument list too long");
}

TEST_CASE("a descriptor that is not open fails at the stage of descriptors") {
  launch_plan plan = plan_for("/bin/true");
  const int closed = unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get();
  plan.descriptors.push_back({closed, 3});
  const failure failed = refused(plan);
  CHECK(failed.code.value() == EBADF);
  CHECK(failed.detail == "descriptors: Bad file descriptor");
}

TEST_CASE("an identity that may not be taken on fails at its own stage") {
  failure failed;
  const bool tried = without_privileges([&] {
    launch_plan plan = plan_for("/bin/true");
    plan.run_as = identity{0, 0, {0}};
    launched_process process;
    failed = launch(plan, process);
  });
  if (!tried) return skipped("this root cannot give up its privileges");
  CHECK(failed.code.value() == EPERM);
  CHECK(failed.detail == "user and group: Operation not permitted");
  CHECK(no_children());
}

TEST_CASE("no descriptor left for the pidfd is a failure without a child") {
  const unique_fd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::vector<unique_fd> fillers;
  failure failed;
  {
    const open_files_guard narrow(static_cast<rlim_t>(*open_descriptors().rbegin()) + 10);
    for (;;) {
      unique_fd next(::dup(file.get()));
      if (!next) break;
      fillers.push_back(std::move(next));
    }
    launched_process process;
    failed = launch(plan_for("/bin/true"), process);
  }
  CHECK(failed.code.value() == EMFILE);
  CHECK(failed.detail.starts_with("clone: "));
  CHECK(no_children());
}

TEST_CASE("a hundred failures leave nothing behind and the next launch works") {
  const std::size_t before = descriptor_count();
  for (int i = 0; i < 100; ++i) {
    launched_process process;
    if (!launch(plan_for("/no/such/program"), process)) FAIL("a missing program was started");
  }
  CHECK(descriptor_count() == before);
  CHECK(no_children());
  CHECK(wait_end(start(plan_for("/bin/true"))) == exited_with(0));
}
