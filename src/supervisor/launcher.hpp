// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/kept_file.hpp"
#include "os/launch.hpp"
#include "os/unique_fd.hpp"

#include <cluster/options.hpp>
#include <cluster/types.hpp>

#include <optional>
#include <string>
#include <vector>

namespace cluster {

/// What the workers of one generation run: a path, looked up anew at each start, and the file that lay
/// there when the generation began, kept for the way back.
struct deployment {
  std::string executable;
  os::kept_file file;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  /// A roll-out away from it failed: what lies at the path now is known to be bad, so the kept file is run.
  bool pinned = false;
};

/// Starts workers of the present generation, or of the last good one.
class launcher {
 public:
  /// Finds the executable and the identity; the failure's detail is one line for people.
  os::failure prepare(const options& settings);

  /// A new generation begins: from now on its executable, arguments and environment are used.
  os::failure begin(const options& settings);
  /// It is in place: there is no way back any more, and it is the last good one from now on.
  void commit();
  /// It is not: the one before is used again.
  void revert();

  const std::string& executable() const noexcept { return now_.executable; }

  struct order {
    worker_id id;
    slot_id slot;
    generation_id generation;
    bool last_good = false;
  };
  /// Starts one worker; `channel` becomes our end of its channel.
  os::failure launch(const std::string& cluster, const order& which, os::launched_process& process,
                     os::unique_fd& channel) const;

 private:
  deployment now_;
  std::optional<deployment> before_;  ///< during a roll-out
  std::optional<os::identity> run_as_;
};

}  // namespace cluster
