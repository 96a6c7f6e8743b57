// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/launch.hpp"
#include "os/unique_fd.hpp"

#include <cluster/options.hpp>
#include <cluster/types.hpp>

#include <optional>
#include <string>

namespace cluster {

/// Turns the options into the plan of one worker's start.
class launcher {
 public:
  /// Finds the executable and the identity; the failure's detail is one line for people.
  os::failure prepare(const options& settings);

  const std::string& executable() const noexcept { return executable_; }

  /// Starts one worker; `channel` becomes our end of its channel.
  os::failure launch(const options& settings, worker_id, slot_id, generation_id,
                     os::launched_process& process, os::unique_fd& channel) const;

 private:
  std::string executable_;
  std::optional<os::identity> run_as_;
};

}  // namespace cluster
