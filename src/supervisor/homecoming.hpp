// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/message.hpp"
#include "os/launch.hpp"
#include "os/rendezvous.hpp"
#include "policy/kept_state.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace cluster {

/// A worker that has called, with what it brought.
struct returned_worker {
  ipc::report report;  ///< its listeners' native handles are in `listeners`
  os::launched_process process;
  os::unique_fd socket;
  std::vector<os::unique_fd> listeners;
  os::unique_fd board;
  os::unique_fd page;
  os::unique_fd secrets;
  std::uint64_t start = 0;
};

/// One that lives and has not called: it hangs, is stopped, or gets no CPU.
struct absent_worker {
  policy::kept_worker known;
  os::launched_process process;
};

struct homecoming {
  std::vector<returned_worker> returned;
  std::vector<absent_worker> absent;
  std::vector<absent_worker> leaving;  ///< sent away before, so that nobody waits for their calls
};

/// How long to wait for calls.
struct homecoming_patience {
  std::chrono::milliseconds for_the_rest;   ///< somebody has come, so there are listeners
  std::chrono::milliseconds for_the_first;  ///< until then nothing else can be done
};

/// Who may call.
struct callers {
  std::string cluster;
  std::vector<uid_t> users;
};

/// Takes the calls of workers that a dead supervisor has left behind: of those in `kept` that still live,
/// until all have come or the time is over. Blocks; nothing else can be done before it.
homecoming welcome_home(os::rendezvous& at, const policy::kept_state& kept, const callers& who,
                        const homecoming_patience& patience);

/// The same for programs that are not built on the library: they do not call, they are gone to see. If their
/// listeners cannot be had of any, they are ended by `stop_signal`, and by KILL when `patience` is over: as
/// long as they live nobody else could bind.
std::vector<returned_worker> visit_foreign(const policy::kept_state& kept, int stop_signal,
                                           std::chrono::milliseconds patience);

}  // namespace cluster
