// SPDX-License-Identifier: BSL-1.0
#include "policy/worker_machine.hpp"

#include <array>

namespace cluster::policy {
namespace {

using phase = worker_phase;
using effect = worker_effect;

/// One cell of the table. A cell that was left out is not decided and fails the check below.
struct cell {
  enum class kind : std::uint8_t { undecided, ignored, taken };

  kind what = kind::undecided;
  worker_step step{phase::gone, effect::none};
};

constexpr cell ignore{cell::kind::ignored, {}};
constexpr cell go(phase next, effect todo) { return {cell::kind::taken, {next, todo}}; }

using row = std::array<cell, worker_input_count>;

constexpr std::array<row, worker_phase_count> table{
    // launching: until the launch is answered there is no process that anything could be
    // told. Who is asked to leave now gets its TERM as soon as it exists.
    row{
        go(phase::starting, effect::announce_forked),    // launched
        go(phase::gone, effect::report_launch_failure),  // launch_failed
        ignore,                                          // hello
        ignore,                                          // ready
        go(phase::abandoned, effect::none),              // drain_requested
        ignore,                                          // drain_reported
        ignore,                                          // done
        ignore,                                          // channel_closed
        ignore,                                          // channel_broken
        ignore,                                          // ready_deadline
        ignore,                                          // drain_deadline
        ignore,                                          // exit_deadline
        ignore,                                          // kill_deadline
        go(phase::abandoned, effect::none),              // terminate_requested
        go(phase::abandoned, effect::none),              // kill_requested
        ignore                                           // exited
    },
    // abandoned: it is ended as soon as it exists: it could not read a DRAIN yet.
    row{
        go(phase::terminating, effect::end_newborn),     // launched
        go(phase::gone, effect::report_launch_failure),  // launch_failed
        ignore,                                          // hello
        ignore,                                          // ready
        ignore,                                          // drain_requested
        ignore,                                          // drain_reported
        ignore,                                          // done
        ignore,                                          // channel_closed
        ignore,                                          // channel_broken
        ignore,                                          // ready_deadline
        ignore,                                          // drain_deadline
        ignore,                                          // exit_deadline
        ignore,                                          // kill_deadline
        ignore,                                          // terminate_requested
        ignore,                                          // kill_requested
        ignore                                           // exited
    },
    // starting: without hello it cannot be told to drain, so it is ended by TERM. Words
    // that come before hello do not count; the ready time-out ends who never says it.
    row{
        ignore,                                      // launched
        ignore,                                      // launch_failed
        go(phase::online, effect::announce_online),  // hello
        ignore,                                      // ready
        go(phase::terminating, effect::terminate),   // drain_requested
        ignore,                                      // drain_reported
        ignore,                                      // done
        go(phase::lost, effect::await_lost),         // channel_closed
        go(phase::killing, effect::cut_and_kill),    // channel_broken
        go(phase::killing, effect::kill),            // ready_deadline
        ignore,                                      // drain_deadline
        ignore,                                      // exit_deadline
        ignore,                                      // kill_deadline
        go(phase::terminating, effect::terminate),   // terminate_requested
        go(phase::killing, effect::kill),            // kill_requested
        go(phase::gone, effect::bury)                // exited
    },
    // online
    row{
        ignore,                                     // launched
        ignore,                                     // launch_failed
        ignore,                                     // hello
        go(phase::ready, effect::announce_ready),   // ready
        go(phase::draining, effect::send_drain),    // drain_requested
        go(phase::draining, effect::note_drain),    // drain_reported
        ignore,                                     // done
        go(phase::lost, effect::await_lost),        // channel_closed
        go(phase::killing, effect::cut_and_kill),   // channel_broken
        go(phase::killing, effect::kill),           // ready_deadline
        ignore,                                     // drain_deadline
        ignore,                                     // exit_deadline
        ignore,                                     // kill_deadline
        go(phase::terminating, effect::terminate),  // terminate_requested
        go(phase::killing, effect::kill),           // kill_requested
        go(phase::gone, effect::bury)               // exited
    },
    // ready
    row{
        ignore,                                     // launched
        ignore,                                     // launch_failed
        ignore,                                     // hello
        ignore,                                     // ready
        go(phase::draining, effect::send_drain),    // drain_requested
        go(phase::draining, effect::note_drain),    // drain_reported
        ignore,                                     // done
        go(phase::lost, effect::await_lost),        // channel_closed
        go(phase::killing, effect::cut_and_kill),   // channel_broken
        ignore,                                     // ready_deadline
        ignore,                                     // drain_deadline
        ignore,                                     // exit_deadline
        ignore,                                     // kill_deadline
        go(phase::terminating, effect::terminate),  // terminate_requested
        go(phase::killing, effect::kill),           // kill_requested
        go(phase::gone, effect::bury)               // exited
    },
    // draining: a closed channel changes nothing here: the drain deadline bounds it anyway.
    // A late `ready` is not announced, since `draining` already was.
    row{
        ignore,                                              // launched
        ignore,                                              // launch_failed
        ignore,                                              // hello
        ignore,                                              // ready
        ignore,                                              // drain_requested
        ignore,                                              // drain_reported
        go(phase::leaving, effect::await_exit),              // done
        go(phase::draining, effect::announce_disconnected),  // channel_closed
        go(phase::killing, effect::cut_and_kill),            // channel_broken
        ignore,                                              // ready_deadline
        go(phase::terminating, effect::terminate),           // drain_deadline
        ignore,                                              // exit_deadline
        ignore,                                              // kill_deadline
        go(phase::terminating, effect::terminate),           // terminate_requested
        go(phase::killing, effect::kill),                    // kill_requested
        go(phase::gone, effect::bury)                        // exited
    },
    // leaving
    row{
        ignore,                                             // launched
        ignore,                                             // launch_failed
        ignore,                                             // hello
        ignore,                                             // ready
        ignore,                                             // drain_requested
        ignore,                                             // drain_reported
        ignore,                                             // done
        go(phase::leaving, effect::announce_disconnected),  // channel_closed
        go(phase::killing, effect::cut_and_kill),           // channel_broken
        ignore,                                             // ready_deadline
        ignore,                                             // drain_deadline
        go(phase::terminating, effect::terminate),          // exit_deadline
        ignore,                                             // kill_deadline
        go(phase::terminating, effect::terminate),          // terminate_requested
        go(phase::killing, effect::kill),                   // kill_requested
        go(phase::gone, effect::bury)                       // exited
    },
    // lost: nothing can be said over its channel, so every request to leave becomes a TERM.
    row{
        ignore,                                     // launched
        ignore,                                     // launch_failed
        ignore,                                     // hello
        ignore,                                     // ready
        go(phase::terminating, effect::terminate),  // drain_requested
        ignore,                                     // drain_reported
        ignore,                                     // done
        ignore,                                     // channel_closed
        ignore,                                     // channel_broken
        ignore,                                     // ready_deadline
        ignore,                                     // drain_deadline
        go(phase::killing, effect::kill),           // exit_deadline
        ignore,                                     // kill_deadline
        go(phase::terminating, effect::terminate),  // terminate_requested
        go(phase::killing, effect::kill),           // kill_requested
        go(phase::gone, effect::bury)               // exited
    },
    // terminating
    row{
        ignore,                                                 // launched
        ignore,                                                 // launch_failed
        ignore,                                                 // hello
        ignore,                                                 // ready
        ignore,                                                 // drain_requested
        ignore,                                                 // drain_reported
        ignore,                                                 // done
        go(phase::terminating, effect::announce_disconnected),  // channel_closed
        go(phase::killing, effect::cut_and_kill),               // channel_broken
        ignore,                                                 // ready_deadline
        ignore,                                                 // drain_deadline
        ignore,                                                 // exit_deadline
        go(phase::killing, effect::kill),                       // kill_deadline
        ignore,                                                 // terminate_requested
        go(phase::killing, effect::kill),                       // kill_requested
        go(phase::gone, effect::bury)                           // exited
    },
    // killing: there is nothing harder than KILL: only the exit is awaited, however long it
    // takes.
    row{
        ignore,                                             // launched
        ignore,                                             // launch_failed
        ignore,                                             // hello
        ignore,                                             // ready
        ignore,                                             // drain_requested
        ignore,                                             // drain_reported
        ignore,                                             // done
        go(phase::killing, effect::announce_disconnected),  // channel_closed
        go(phase::killing, effect::announce_disconnected),  // channel_broken
        ignore,                                             // ready_deadline
        ignore,                                             // drain_deadline
        ignore,                                             // exit_deadline
        ignore,                                             // kill_deadline
        ignore,                                             // terminate_requested
        ignore,                                             // kill_requested
        go(phase::gone, effect::bury)                       // exited
    },
    // gone
    row{
        ignore,  // launched
        ignore,  // launch_failed
        ignore,  // hello
        ignore,  // ready
        ignore,  // drain_requested
        ignore,  // drain_reported
        ignore,  // done
        ignore,  // channel_closed
        ignore,  // channel_broken
        ignore,  // ready_deadline
        ignore,  // drain_deadline
        ignore,  // exit_deadline
        ignore,  // kill_deadline
        ignore,  // terminate_requested
        ignore,  // kill_requested
        ignore   // exited
    },
};

constexpr bool complete() {
  for (const auto& cells : table)
    for (const auto& one : cells)
      if (one.what == cell::kind::undecided) return false;
  return true;
}
static_assert(complete(), "a pair of phase and input is not decided");

}  // namespace

worker_step step(worker_phase from, worker_input what) noexcept {
  const cell& found = table[static_cast<std::size_t>(from)][static_cast<std::size_t>(what)];
  return found.what == cell::kind::taken ? found.step : worker_step{from, effect::none};
}

worker_state public_state(worker_phase at) noexcept {
  switch (at) {
    case phase::launching:
    case phase::starting:
    case phase::online: return worker_state::starting;
    case phase::ready: return worker_state::ready;
    case phase::abandoned:
    case phase::draining:
    case phase::leaving:
    case phase::lost:
    case phase::terminating:
    case phase::killing: return worker_state::draining;
    case phase::gone: return worker_state::exited;
  }
  return worker_state::exited;
}

std::optional<worker_input> deadline_input(worker_phase at) noexcept {
  switch (at) {
    case phase::starting:
    case phase::online: return worker_input::ready_deadline;
    case phase::draining: return worker_input::drain_deadline;
    case phase::leaving:
    case phase::lost: return worker_input::exit_deadline;
    case phase::terminating: return worker_input::kill_deadline;
    case phase::launching:
    case phase::abandoned:
    case phase::ready:
    case phase::killing:
    case phase::gone: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace cluster::policy
