// SPDX-License-Identifier: BSL-1.0
#include "common/text.hpp"
#include "os/cpu_count.hpp"
#include "os/text_file.hpp"

#include <cluster/doctor.hpp>
#include <cluster/options.hpp>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace cluster {
namespace {

// Numbers of system calls that older headers do not name; the same on all architectures.
constexpr long pidfd_open_call = 434;
constexpr long clone3_call = 435;
constexpr long close_range_call = 436;
constexpr unsigned close_range_cloexec = 1U << 2U;

constexpr std::uint64_t enough_files = 4096;
constexpr std::uint64_t web_port = 80;

std::optional<std::uint64_t> number_in(const char* file) {
  const std::string text = os::read_text_file(file).value_or("");
  std::string_view words = text;
  return parse_number(take_word(words));
}

finding open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return {"open-files", "unknown", true, "The limit cannot be read."};
  const auto show = [](rlim_t value) {
    return value == RLIM_INFINITY ? std::string("unlimited") : std::to_string(value);
  };
  const bool enough = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= enough_files;
  return {"open-files", show(limit.rlim_cur) + " (hard limit " + show(limit.rlim_max) + ")", enough,
          enough
              ? "Each worker can hold about that many connections."
              : "A worker cannot hold more connections than that; raise it with ulimit -n or LimitNOFILE=."};
}

finding accept_queue() {
  const auto wanted = static_cast<std::uint64_t>(options{}.backlog);
  const auto cap = number_in("/proc/sys/net/core/somaxconn");
  if (!cap) return {"accept-queue", "unknown", true, "net.core.somaxconn cannot be read."};
  const bool enough = *cap >= wanted;
  return {
      "accept-queue", std::to_string(*cap), enough,
      enough
          ? "The default accept queue of " + std::to_string(wanted) + " fits in net.core.somaxconn."
          : "net.core.somaxconn caps the accept queue, so connections are dropped when more than that wait."};
}

finding kernel() {
  utsname name{};
  int major = 0;
  int minor = 0;
  if (::uname(&name) != 0 || std::sscanf(name.release, "%d.%d", &major, &minor) != 2)
    return {"kernel", "unknown", false, "The kernel's version cannot be read; Linux 5.4 or newer is needed."};
  const bool enough = major > 5 || (major == 5 && minor >= 4);
  return {
      "kernel", name.release, enough,
      enough ? "Linux 5.4 or newer, as needed." : "Too old: workers cannot be supervised before Linux 5.4."};
}

/// A call that does nothing but tell whether the kernel knows it (and no filter forbids it).
finding feature(std::string name, long result, int error, std::string with, std::string without,
                int unknown) {
  const bool there = result >= 0 || (error != ENOSYS && error != EPERM && error != unknown);
  return {std::move(name), there ? "yes" : "no", there, there ? std::move(with) : std::move(without)};
}

finding pidfd() {
  const long fd = ::syscall(pidfd_open_call, ::getpid(), 0);
  const int error = errno;
  if (fd >= 0) ::close(static_cast<int>(fd));
  return feature("pidfd", fd, error, "Exits of workers are seen exactly, never through their number alone.",
                 "pidfd_open is missing or forbidden by a filter; workers cannot be supervised.", 0);
}

finding close_range() {
  // An empty place far above any descriptor.
  const unsigned far = std::numeric_limits<unsigned>::max();
  const long result = ::syscall(close_range_call, far, far, close_range_cloexec);
  const int error = errno;
  return feature(
      "close-range", result, error, "Workers inherit no stray descriptor, at the cost of one call.",
      "close_range is missing (Linux 5.11); stray descriptors are closed one by one instead.", EINVAL);
}

finding clone3() {
  // Refused for its arguments where it exists.
  const long result = ::syscall(clone3_call, nullptr, 0UL);
  const int error = errno;
  return feature("clone3", result, error, "Processes can be started straight into a control group.",
                 "clone3 is missing or forbidden by a filter; the older call is used.", 0);
}

finding cpus() {
  const auto usable = os::usable_cpus();
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  std::string value = std::to_string(usable);
  const bool fewer = online > 0 && usable < static_cast<std::size_t>(online);
  if (fewer) value += " of " + std::to_string(online);
  return {"cpus", std::move(value), true,
          "Without a number of workers, " + std::to_string(usable) + (usable == 1 ? " is" : " are") +
              " started" +
              (fewer ? ": the affinity or a quota of the control group leaves no more." : ", one for each.")};
}

finding low_ports() {
  const auto first = number_in("/proc/sys/net/ipv4/ip_unprivileged_port_start").value_or(1024);
  const bool free = ::geteuid() == 0 || first <= web_port;
  return {"low-ports", "from " + std::to_string(first), free,
          free ? "Ports 80 and 443 can be bound by this user."
               : "Ports below that need CAP_NET_BIND_SERVICE or a socket from the service manager."};
}

finding child_signal() {
  struct sigaction current {};
  const bool ignored = ::sigaction(SIGCHLD, nullptr, &current) == 0 && current.sa_handler == SIG_IGN;
  return {"sigchld", ignored ? "ignored" : "default", !ignored,
          ignored
              ? "Whoever started this process ignores SIGCHLD, and so would a program started likewise: exit "
                "statuses are lost."
              : "Exit statuses of workers arrive."};
}

}  // namespace

std::vector<finding> diagnose() {
  return {open_files(), accept_queue(), kernel(),    pidfd(),       close_range(),
          clone3(),     cpus(),         low_ports(), child_signal()};
}

std::size_t usable_cpus() { return os::usable_cpus(); }

}  // namespace cluster
