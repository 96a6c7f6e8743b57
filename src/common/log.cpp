// SPDX-License-Identifier: BSL-1.0
#include <cluster/log.hpp>

#include "common/log_output.hpp"
#include "common/text.hpp"

#include <chrono>
#include <string>
#include <unistd.h>

namespace cluster {
namespace {

/// As syslog(3) counts; the journal takes it from the front of a line.
char priority(log_level level) {
  switch (level) {
    case log_level::debug: return '7';
    case log_level::info: return '6';
    case log_level::warning: return '4';
    case log_level::error: return '3';
    case log_level::off: break;
  }
  return '6';
}

std::string timestamp() { return utc_timestamp(std::chrono::system_clock::now()); }

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
  } else if (stderr_is_journal()) {
    // It knows the time, the process and, by this, the level.
    line.append("<").append(1, priority(at)).append(">");
    append_printable(line, message);
    line += '\n';
  } else {
    line.append(timestamp()).append(" ").append(to_string(at)).append(" [").append(pid).append("] ");
    append_printable(line, message);
    line += '\n';
  }
  // One write per line keeps lines of several processes whole.
  write_to_stderr(line);
}

}  // namespace cluster
