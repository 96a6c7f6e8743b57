// SPDX-License-Identifier: BSL-1.0
#include "os/cpu_count.hpp"
#include "support/catch.hpp"
#include "unit/os/surroundings.hpp"

#include <sched.h>

using namespace cluster::os;
using namespace cluster::test;

namespace {

/// Files that stand for a control group hierarchy.
struct fake_root {
  scratch_folder folder;

  void put(const std::string& path, const std::string& content) const {
    write_file(folder.path() + path, content);
  }
  void groups(const std::string& content) const { put("/proc/self/cgroup", content); }
  std::size_t quota() const { return cgroup_cpu_quota(folder.path()); }
};

/// The calling thread on one CPU for a scope.
class one_cpu {
 public:
  one_cpu() {
    ::sched_getaffinity(0, sizeof old_, &old_);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
      if (CPU_ISSET(cpu, &old_)) CPU_SET(cpu, &one);
    ::sched_setaffinity(0, sizeof one, &one);
  }
  one_cpu(const one_cpu&) = delete;
  one_cpu& operator=(const one_cpu&) = delete;
  ~one_cpu() { ::sched_setaffinity(0, sizeof old_, &old_); }
  std::size_t before() const { return static_cast<std::size_t>(CPU_COUNT(&old_)); }

 private:
  cpu_set_t old_{};
};

struct text_case {
  const char* content;
  std::size_t quota;
};

}  // namespace

TEST_CASE("no control group file means no quota") {
  const fake_root root;
  CHECK(root.quota() == 0);
  root.groups("");
  CHECK(root.quota() == 0);
  root.groups("0::/app\n");  // and nothing mounted
  CHECK(root.quota() == 0);
}

TEST_CASE("a v2 quota is rounded up to whole CPUs") {
  const auto each = GENERATE(values<text_case>({
      {"max 100000\n", 0},
      {"100000 100000\n", 1},
      {"150000 100000\n", 2},
      {"200000 100000\n", 2},
      {"200001 100000\n", 3},
      {"1000 100000\n", 1},
      {"50000 25000\n", 2},
      {"400000 100000", 4},
      {"", 0},
      {"\n", 0},
      {"100000\n", 0},
      {"100000 0\n", 0},
      {"-1 100000\n", 0},
      {"lots 100000\n", 0},
      {"100000 often\n", 0},
      {"99999999999999999999999 100000\n", 0},
  }));
  INFO("cpu.max: " << each.content);
  const fake_root root;
  root.groups("0::/app\n");
  root.put("/sys/fs/cgroup/app/cpu.max", each.content);
  CHECK(root.quota() == each.quota);
}

TEST_CASE("the smallest v2 quota of all groups above counts") {
  const fake_root root;
  root.groups("0::/pod/app/worker\n");
  root.put("/sys/fs/cgroup/pod/app/worker/cpu.max", "max 100000\n");
  root.put("/sys/fs/cgroup/pod/app/cpu.max", "800000 100000\n");
  root.put("/sys/fs/cgroup/pod/cpu.max", "300000 100000\n");
  CHECK(root.quota() == 3);
  root.put("/sys/fs/cgroup/pod/app/worker/cpu.max", "200000 100000\n");
  CHECK(root.quota() == 2);
  // A sibling and a group whose name only begins the same are not above it.
  root.put("/sys/fs/cgroup/pod/app/other/cpu.max", "100000 100000\n");
  root.put("/sys/fs/cgroup/po/cpu.max", "100000 100000\n");
  CHECK(root.quota() == 2);
  root.put("/sys/fs/cgroup/cpu.max", "100000 100000\n");  // a container sees its own group as the root
  CHECK(root.quota() == 1);
}

TEST_CASE("in a container the root of what is mounted holds the v2 quota") {
  const fake_root root;
  root.groups("0::/\n");
  root.put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  CHECK(root.quota() == 2);
  root.groups("0::/docker/0123456789abcdef\n");  // a path that the mount does not show
  CHECK(root.quota() == 2);
}

TEST_CASE("a v1 quota is read from the cpu controller's hierarchy, up to its root") {
  const auto mount = GENERATE(as<std::string>{}, "cpu", "cpu,cpuacct");
  const fake_root root;
  root.groups("12:pids:/app\n4:cpuset:/app\n3:" + mount + ":/pod/app\n1:name=systemd:/app\n");
  const std::string hierarchy = "/sys/fs/cgroup/" + mount;
  root.put(hierarchy + "/pod/app/cpu.cfs_quota_us", "-1\n");
  root.put(hierarchy + "/pod/app/cpu.cfs_period_us", "100000\n");
  CHECK(root.quota() == 0);
  root.put(hierarchy + "/pod/app/cpu.cfs_quota_us", "150000\n");
  CHECK(root.quota() == 2);
  root.put(hierarchy + "/pod/cpu.cfs_quota_us", "100000\n");
  root.put(hierarchy + "/pod/cpu.cfs_period_us", "100000\n");
  CHECK(root.quota() == 1);
}

TEST_CASE("a v1 quota of another controller's hierarchy does not count") {
  const fake_root root;
  root.groups("3:cpuset:/app\n4:cpuacct:/app\n5:mycpu:/app\n");
  root.put("/sys/fs/cgroup/cpu/app/cpu.cfs_quota_us", "100000\n");
  root.put("/sys/fs/cgroup/cpu/app/cpu.cfs_period_us", "100000\n");
  CHECK(root.quota() == 0);
}

TEST_CASE("with both versions mounted the smaller quota counts") {
  const fake_root root;
  root.groups("2:cpuacct,cpu:/app\n0::/app\n");
  root.put("/sys/fs/cgroup/cpu/app/cpu.cfs_quota_us", "300000\n");
  root.put("/sys/fs/cgroup/cpu/app/cpu.cfs_period_us", "100000\n");
  CHECK(root.quota() == 3);
  root.put("/sys/fs/cgroup/app/cpu.max", "200000 100000\n");
  CHECK(root.quota() == 2);
}

TEST_CASE("garbage in the group list is passed over") {
  const fake_root root;
  root.put("/sys/fs/cgroup/app/cpu.max", "200000 100000\n");
  root.groups("\n:\n::\nnonsense\n:::::\n7:cpu\n0::\n0::/app\n");
  CHECK(root.quota() == 2);
  root.groups("0::app\n");  // no slash at its start: not a path
  CHECK_NOTHROW(root.quota());
}

TEST_CASE("usable CPUs follow the affinity of the caller") {
  const std::size_t all = usable_cpus();
  CHECK(all >= 1);
  {
    const one_cpu narrow;
    CHECK(all <= narrow.before());
    CHECK(usable_cpus() == 1);
  }
  CHECK(usable_cpus() == all);
  const std::size_t quota = cgroup_cpu_quota("");
  if (quota != 0) CHECK(all <= quota);
}
