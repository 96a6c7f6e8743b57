// SPDX-License-Identifier: BSL-1.0
#include "os/thread_times.hpp"

#include "os/unique_fd.hpp"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::os {
namespace {

std::string_view read_small_file(const std::string& path, std::array<char, 1024>& into) {
  const unique_fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t length = file ? ::read(file.get(), into.data(), into.size()) : -1;
  return {into.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

bool take_number(std::string_view& text, std::int64_t& out) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return ec == std::errc{} && out >= 0;
}

std::chrono::nanoseconds read_clock(clockid_t which) {
  timespec t{};
  ::clock_gettime(which, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

std::optional<thread_times> read_thread_times(pid_t process, pid_t thread) {
  const std::string folder = "/proc/" + std::to_string(process) + "/task/" + std::to_string(thread);
  std::array<char, 1024> buffer;
  // "pid (name) state ...": the name may hold anything, so its end is the last bracket.
  const std::string_view line = read_small_file(folder + "/stat", buffer);
  const std::size_t bracket = line.rfind(')');
  if (bracket == line.npos || bracket + 2 >= line.size()) return std::nullopt;
  thread_times result;
  result.state = line[bracket + 2];
  std::string_view numbers = read_small_file(folder + "/schedstat", buffer);
  std::int64_t ran = 0;
  std::int64_t waited = 0;
  if (!take_number(numbers, ran) || !take_number(numbers, waited)) return std::nullopt;
  result.ran = std::chrono::nanoseconds(ran);
  result.waited = std::chrono::nanoseconds(waited);
  return result;
}

std::chrono::nanoseconds time_suspended() { return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC); }

}  // namespace cluster::os
