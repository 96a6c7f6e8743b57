// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/kept_file.hpp"
#include "os/launch.hpp"
#include "os/unique_fd.hpp"

#include <cluster/options.hpp>
#include <cluster/types.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cluster {

/// What the workers of one generation run: a path, looked up anew at each start, and the file that lay
/// there when the generation began, kept for the way back.
struct deployment {
  std::string executable;
  os::kept_file file;
  worker_settings each;  ///< before options::for_worker
};

/// The reading ends of a worker's standard output and error.
struct output_pipes {
  os::unique_fd out;
  os::unique_fd error;
};

/// What a worker that is not built on the library finds when it starts.
struct foreign_start {
  std::vector<int> listeners;             ///< ours; they become 3, 4, ...
  std::string names;                      ///< of these, with ':' between them
  std::string notify;                     ///< where it may say how it is
  std::chrono::milliseconds watchdog{0};  ///< how often at the least, if it wants to be watched; zero: never
  int parent_death_signal = 0;
  bool node_channel = false;  ///< a stream socket as Node expects its parent's
};

/// Starts workers of any generation that still has a slot.
class launcher {
 public:
  /// Finds the executable and the identity; the failure's detail is one line for people.
  os::failure prepare(const options& settings);

  /// A new generation begins, with the executable, arguments and environment of these settings.
  os::failure begin(const options& settings, generation_id generation);
  /// It has every slot: no older one is started again.
  void forget_before(generation_id generation);
  /// It has no slot and never will have.
  void forget(generation_id generation);

  /// A generation that another supervisor has begun: runs what this worker of it runs.
  void adopt(const options& settings, generation_id generation, int pid);
  /// After prepare(): what it has found is this generation, not the first one.
  void rename_newest(generation_id generation);
  /// Who the workers are, if somebody else than we.
  std::optional<uid_t> worker_user() const;

  /// Of the newest generation.
  const std::string& executable() const noexcept;

  struct order {
    worker_id id;
    slot_id slot;
    generation_id generation;
    /// A newer generation has begun: what lies at the path now may be its file, so the kept one is run.
    bool last_good = false;
    const foreign_start* foreign = nullptr;  ///< if set, there is no channel
  };
  /// Starts one worker; `channel` becomes our end of its channel. With `output` its output goes into pipes.
  os::failure launch(const std::string& cluster, const order& which, os::launched_process& process,
                     os::unique_fd& channel, output_pipes* output) const;

 private:
  std::map<generation_id, deployment> deployments_;
  os::unique_fd null_;  ///< the workers' standard input, and what stands in for outputs that are not there
  std::optional<os::identity> run_as_;
  std::optional<int> nice_;
  bool restores_priority_ = false;
  std::optional<int> oom_score_;
  std::vector<int> cpus_;  ///< to spread slots over; empty: no matter where
  bool no_new_privileges_ = false;
  std::function<void(worker_id, slot_id, worker_settings&)> for_worker_;
};

}  // namespace cluster
