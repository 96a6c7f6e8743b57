// SPDX-License-Identifier: BSL-1.0
#include "integration/os/launching.hpp"

#include <algorithm>
#include <filesystem>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

/// Files with names, open in this process, not closed at exec.
struct named_files {
  scratch_folder folder;
  std::vector<unique_fd> open;

  explicit named_files(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      open.emplace_back(::open(path(i).c_str(), O_RDWR | O_CREAT, 0600));
      REQUIRE(open.back());
    }
  }
  std::string path(std::size_t i) const { return folder / ("file" + std::to_string(i)); }
  int fd(std::size_t i) const { return open[i].get(); }
};

unique_fd null() { return unique_fd(::open("/dev/null", O_RDWR | O_CLOEXEC)); }

/// Standard streams for the child; run() adds 1.
void give_standard_streams(launch_plan& plan, const unique_fd& to) {
  plan.descriptors.push_back({to.get(), 0});
  plan.descriptors.push_back({to.get(), 2});
}

}  // namespace

TEST_CASE("a child has the descriptors of the plan and no other, however many the host has open") {
  const named_files others(200);
  const unique_fd nowhere = null();
  launch_plan plan = role_plan("inspect");
  give_standard_streams(plan, nowhere);
  plan.descriptors.push_back({others.fd(77), 3});
  const std::size_t before = descriptor_count();
  const outcome result = run(plan);
  CHECK(result.value("descriptors") == "0,1,2,3");
  CHECK(descriptor_count() == before);
  for (std::size_t i = 0; i < 200; ++i)
    if ((::fcntl(others.fd(i), F_GETFD) & FD_CLOEXEC) != 0) FAIL("the host's descriptor was changed");
}

TEST_CASE("descriptors between the plan's targets are closed too") {
  const named_files files(40);
  const unique_fd nowhere = null();
  const int low = files.fd(0);
  const int high = files.fd(39);  // what lies between is open and not closed at exec
  REQUIRE(high - low >= 39);
  launch_plan plan = role_plan("inspect");
  give_standard_streams(plan, nowhere);
  plan.descriptors.push_back({files.fd(5), low});
  plan.descriptors.push_back({files.fd(6), high});
  CHECK(run(plan).value("descriptors") == "0,1,2," + std::to_string(low) + "," + std::to_string(high));
}

TEST_CASE("sources and targets may be any permutation of each other") {
  const named_files files(5);
  const unique_fd nowhere = null();
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  int tried = 0;
  do {
    if (++tried % 7 != 1 && tried != 120) continue;  // every seventh of the 120 is enough
    launch_plan plan = role_plan("files");
    give_standard_streams(plan, nowhere);
    for (std::size_t i = 0; i < order.size(); ++i)
      plan.descriptors.push_back({files.fd(i), files.fd(order[i])});
    const outcome result = run(plan);
    CAPTURE(tried, result.output);
    for (std::size_t i = 0; i < order.size(); ++i)
      CHECK(result.value(std::to_string(files.fd(order[i]))) == files.path(i));
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("one source may have several targets, its own number among them") {
  const named_files files(3);
  const unique_fd nowhere = null();
  launch_plan plan = role_plan("files");
  give_standard_streams(plan, nowhere);
  for (std::size_t i = 0; i < 3; ++i) plan.descriptors.push_back({files.fd(1), files.fd(i)});
  const outcome result = run(plan);
  for (std::size_t i = 0; i < 3; ++i) CHECK(result.value(std::to_string(files.fd(i))) == files.path(1));
}

TEST_CASE("a source that is closed at exec is open in the child all the same") {
  const named_files files(1);
  REQUIRE(::fcntl(files.fd(0), F_SETFD, FD_CLOEXEC) == 0);
  const unique_fd nowhere = null();
  launch_plan plan = role_plan("files");
  give_standard_streams(plan, nowhere);
  plan.descriptors.push_back({files.fd(0), 3});
  plan.descriptors.push_back({files.fd(0), files.fd(0) + 1});
  const outcome result = run(plan);
  CHECK(result.value("3") == files.path(0));
  CHECK(result.value(std::to_string(files.fd(0) + 1)) == files.path(0));
  plan.descriptors.pop_back();
  plan.descriptors.back() = {files.fd(0), files.fd(0)};  // source and target equal
  CHECK(run(plan).value(std::to_string(files.fd(0))) == files.path(0));
}

TEST_CASE("a target far above everything that is open works") {
  const named_files files(1);
  const unique_fd nowhere = null();
  launch_plan plan = role_plan("files");
  give_standard_streams(plan, nowhere);
  plan.descriptors.push_back({files.fd(0), 900});
  CHECK(run(plan).value("900") == files.path(0));
}

TEST_CASE("a started process holds no descriptor of the host but its pidfd") {
  const std::size_t before = descriptor_count();
  {
    const launched_process process = start(plan_for("/bin/true"));
    CHECK(descriptor_count() == before + 1);
    CHECK((::fcntl(process.pidfd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    wait_end(process);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a kernel without close_range gives the same descriptors") {
  const unique_fd nowhere = null();
  launch_plan plan = role_plan("without-close-range");
  give_standard_streams(plan, nowhere);
  const outcome result = run(plan);
  if (result.status == exited_with(77)) return skipped("no system call filter can be set here");
  CHECK(result.status == exited_with(0));
  CHECK(result.value("descriptors") == "0,1,2,3,7");
}
