// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace cluster {

enum class log_level : std::uint8_t { debug, info, warning, error, off };
enum class log_format : std::uint8_t { text, json };

CLUSTER_API std::string_view to_string(log_level) noexcept;

/// Where the library's own lines go: a level and a hook.
///
/// The default writes one line to stderr with a single write(2), so lines of several processes do
/// not mix. It never waits for whoever reads them: 64 KiB are kept for later, what is beyond is dropped and
/// counted, and the count is written when there is room again. A sink of one's own gets the bare message
/// without a line end; it must not throw and is called on the thread that runs the supervisor or the worker.
struct logger {
  log_level level = log_level::info;                      ///< lines below it are dropped
  log_format format = log_format::text;                   ///< used by the default sink only
  std::function<void(log_level, std::string_view)> sink;  ///< empty means: stderr

  void operator()(log_level at, std::string_view message) const {
    if (at >= level && level != log_level::off) write(at, message);
  }

 private:
  CLUSTER_API void write(log_level at, std::string_view message) const;
};

}  // namespace cluster
