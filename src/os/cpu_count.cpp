// SPDX-License-Identifier: BSL-1.0
#include "os/cpu_count.hpp"

#include "common/text.hpp"
#include "os/text_file.hpp"

#include <sched.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::os {
namespace {

std::string first_line(const std::string& path) {
  std::string text = read_text_file(path).value_or("");
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

std::size_t ceiling(std::uint64_t quota, std::uint64_t period) {
  return period == 0 ? 0 : static_cast<std::size_t>((quota + period - 1) / period);
}

// cpu.max holds "quota period" or "max period".
std::size_t quota_v2(const std::string& directory) {
  const std::string line = first_line(directory + "/cpu.max");
  std::string_view words = line;
  const auto q = parse_number(take_word(words));
  const auto p = parse_number(take_word(words));
  return q && p ? ceiling(*q, *p) : 0;
}

// cpu.cfs_quota_us is -1 without a quota, which is no number to us.
std::size_t quota_v1(const std::string& directory) {
  const auto q = parse_number(first_line(directory + "/cpu.cfs_quota_us"));
  const auto p = parse_number(first_line(directory + "/cpu.cfs_period_us"));
  return q && p ? ceiling(*q, *p) : 0;
}

bool lists_cpu_controller(std::string_view controllers) {
  while (!controllers.empty()) {
    const auto comma = controllers.find(',');
    if (controllers.substr(0, comma) == "cpu") return true;
    if (comma == controllers.npos) break;
    controllers.remove_prefix(comma + 1);
  }
  return false;
}

// The smallest quota from the group up to the hierarchy's root. Inside a container the path may name
// groups that its mount does not show; those simply have no file.
template <class Read>
std::size_t smallest_quota(const std::string& mount, std::string path, Read read) {
  std::size_t smallest = 0;
  for (;;) {
    const std::size_t here = read(mount + (path == "/" ? "" : path));
    if (here != 0) smallest = smallest == 0 ? here : std::min(smallest, here);
    const auto slash = path.rfind('/');
    if (path.size() <= 1 || slash == std::string::npos) return smallest;
    path.resize(std::max<std::size_t>(slash, 1));
  }
}

std::size_t affinity_count() {
  // The kernel may be built for more CPUs than cpu_set_t has room for: grow until it fits.
  for (std::size_t cpus = 1024; cpus <= 1024 * 1024; cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(cpus);
    if (set == nullptr) return 0;
    const std::size_t size = CPU_ALLOC_SIZE(cpus);
    const bool ok = ::sched_getaffinity(0, size, set) == 0;
    const int count = ok ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (ok) return static_cast<std::size_t>(count);
  }
  return 0;
}

}  // namespace

std::size_t cgroup_cpu_quota(const std::string& root) {
  const std::string groups = read_text_file(root + "/proc/self/cgroup").value_or("");
  std::string_view lines = groups;
  std::size_t smallest = 0;
  while (const auto line = take_line(lines)) {
    const auto first = line->find(':');
    const auto second = line->find(':', first + 1);
    if (first == line->npos || second == line->npos) continue;
    const std::string_view controllers = line->substr(first + 1, second - first - 1);
    const std::string path(line->substr(second + 1));
    std::size_t here = 0;
    if (controllers.empty()) here = smallest_quota(root + "/sys/fs/cgroup", path, quota_v2);
    else if (lists_cpu_controller(controllers))
      for (const char* mount : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"})
        here = std::max(here, smallest_quota(root + mount, path, quota_v1));
    if (here != 0) smallest = smallest == 0 ? here : std::min(smallest, here);
  }
  return smallest;
}

std::size_t usable_cpus() {
  const std::size_t affinity = std::max<std::size_t>(affinity_count(), 1);
  const std::size_t quota = cgroup_cpu_quota("");
  return quota == 0 ? affinity : std::min(affinity, quota);
}

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> found;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return found;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) found.push_back(cpu);
  return found;
}

}  // namespace cluster::os
