// SPDX-License-Identifier: BSL-1.0
#include "os/process_usage.hpp"

#include "common/text.hpp"
#include "os/text_file.hpp"

#include <unistd.h>

#include <string>
#include <string_view>

namespace cluster::os {
namespace {

std::string read_file(pid_t pid, const char* name) {
  return read_text_file("/proc/" + std::to_string(pid) + "/" + name).value_or("");
}

std::string_view skip_words(std::string_view text, int count) {
  while (count-- > 0) take_word(text);
  return text;
}

}  // namespace

std::optional<process_usage> read_usage(pid_t pid) {
  const std::string stat = read_file(pid, "stat");
  const std::string statm = read_file(pid, "statm");
  // The second field, the name, may hold anything, closing brackets included.
  const auto bracket = stat.rfind(')');
  if (bracket == stat.npos || statm.empty()) return std::nullopt;
  std::string_view times = skip_words(std::string_view(stat).substr(bracket + 1), 11);
  std::uint64_t ticks = 0;
  for (int each = 0; each < 4; ++each) {  // utime, stime, cutime, cstime
    const auto number = parse_number(take_word(times));
    if (!number) return std::nullopt;
    ticks += *number;
  }
  std::string_view pages = skip_words(statm, 1);
  const auto resident = parse_number(take_word(pages));
  if (!resident) return std::nullopt;
  process_usage result;
  const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  result.cpu = std::chrono::microseconds(ticks * 1'000'000 / per_second);
  result.rss = *resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return result;
}

std::optional<std::uint64_t> read_proportional_memory(pid_t pid) {
  const std::string text = read_file(pid, "smaps_rollup");
  const auto at = text.find("\nPss:");
  if (at == text.npos) return std::nullopt;
  std::string_view rest = std::string_view(text).substr(at + 5);
  const auto kibibytes = parse_number(take_word(rest));
  if (!kibibytes) return std::nullopt;
  return *kibibytes * 1024;
}

}  // namespace cluster::os
