// SPDX-License-Identifier: BSL-1.0
#include "os/thread_times.hpp"

#include "common/text.hpp"
#include "os/text_file.hpp"

#include <time.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::os {
namespace {

std::optional<std::chrono::nanoseconds> take_time(std::string_view& text) {
  const auto count = parse_number(take_word(text));
  if (!count) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(*count));
}

std::chrono::nanoseconds read_clock(clockid_t which) {
  timespec t{};
  ::clock_gettime(which, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

std::optional<thread_times> read_thread_times(pid_t process, pid_t thread) {
  const std::string folder = "/proc/" + std::to_string(process) + "/task/" + std::to_string(thread);
  // "pid (name) state ...": the name may hold anything, so its end is the last bracket.
  const std::string line = read_text_file(folder + "/stat").value_or("");
  const std::size_t bracket = line.rfind(')');
  if (bracket == line.npos || bracket + 2 >= line.size()) return std::nullopt;
  const std::string schedule = read_text_file(folder + "/schedstat").value_or("");
  std::string_view times = schedule;
  const auto ran = take_time(times);
  const auto waited = take_time(times);
  if (!ran || !waited) return std::nullopt;
  thread_times result;
  result.state = line[bracket + 2];
  result.ran = *ran;
  result.waited = *waited;
  return result;
}

std::chrono::nanoseconds time_suspended() { return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC); }

}  // namespace cluster::os
