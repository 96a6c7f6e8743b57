// SPDX-License-Identifier: BSL-1.0
#include "os/process_usage.hpp"

#include "common/text.hpp"
#include "os/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

namespace cluster::os {
namespace {

// Files of /proc are made at the read, so one read gives one moment.
std::string read_file(pid_t pid, const char* name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text{};
  const auto got = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : std::string();
}

std::string_view next_word(std::string_view& text) {
  const auto from = text.find_first_not_of(" \t\n");
  if (from == text.npos) return text = {};
  const auto to = text.find_first_of(" \t\n", from);
  const std::string_view word = text.substr(from, to == text.npos ? to : to - from);
  text.remove_prefix(to == text.npos ? text.size() : to);
  return word;
}

std::string_view skip_words(std::string_view text, int count) {
  while (count-- > 0) next_word(text);
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
    const auto number = parse_number(next_word(times));
    if (!number) return std::nullopt;
    ticks += *number;
  }
  std::string_view pages = skip_words(statm, 1);
  const auto resident = parse_number(next_word(pages));
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
  const auto kibibytes = parse_number(next_word(rest));
  if (!kibibytes) return std::nullopt;
  return *kibibytes * 1024;
}

}  // namespace cluster::os
