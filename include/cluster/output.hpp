// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/types.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace cluster {

/// One line that a worker wrote to its standard output or error, as observers of captured output see it.
struct output_line {
  std::uint64_t sequence = 0;                  ///< counts up by one from 1 for each line of this supervisor
  std::chrono::system_clock::time_point at{};  ///< when it was read
  worker_id worker;
  slot_id slot;
  int pid = 0;
  bool error = false;     ///< standard error
  std::string_view text;  ///< without its end; valid during the call
};

}  // namespace cluster
