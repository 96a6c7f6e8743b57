// SPDX-License-Identifier: BSL-1.0
#include <cluster/log.hpp>

#include "common/text.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <unistd.h>

namespace cluster {
namespace {

std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now - whole).count();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[40];
  const int length = std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                                   utc.tm_sec, static_cast<int>(millis));
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace

std::string_view to_string(log_level level) noexcept {
  switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::error: return "error";
    case log_level::off: return "off";
  }
  return "unknown";
}

void logger::write(log_level at, std::string_view message) const {
  if (sink) return sink(at, message);
  const std::string pid = std::to_string(::getpid());
  std::string line;
  if (format == log_format::json) {
    line.append(R"({"time":")").append(timestamp()).append(R"(","level":")").append(to_string(at));
    line.append(R"(","pid":)").append(pid).append(R"(,"message":)");
    append_json_string(line, message);
    line += "}\n";
  } else {
    line.append(timestamp()).append(" ").append(to_string(at)).append(" [").append(pid).append("] ");
    append_printable(line, message);
    line += '\n';
  }
  // One write per line keeps lines of several processes whole. Nothing useful can be done when stderr
  // is gone or full, so the result is not looked at.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace cluster
