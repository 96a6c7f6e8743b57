// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/mailbox.hpp"
#include "os/child.hpp"
#include "os/statistics_page.hpp"
#include "supervisor/message_budget.hpp"
#include "supervisor/output_tap.hpp"

#include <cluster/types.hpp>

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace cluster {

/// What the supervisor holds of one living worker.
struct worker_process {
  worker_process(const boost::asio::any_io_executor& executor, slot_id in_slot, generation_id of,
                 os::launched_process process, os::unique_fd socket)
      : slot(in_slot),
        generation(of),
        yields_for(executor),
        yields(process.yields),
        priority(process.priority),
        child(executor, std::move(process)) {
    if (!socket) return;
    channel = std::make_shared<ipc::channel>(executor, std::move(socket));
    mail = std::make_shared<ipc::mailbox>(executor, channel);
    mail->start();
  }
  ~worker_process() { hang_up(); }

  /// Nothing can be said any more, and what waits for it hears so.
  void hang_up() {
    if (mail) mail->fail(make_error_code(error::worker_unavailable));
    if (channel) channel->close();
  }

  /// Once started it has the same rights to the processor as all others.
  void end_yielding() {
    if (!std::exchange(yields, false)) return;
    os::end_yielding(child.pid(), priority);
    yields_for.cancel();
  }

  worker_process(const worker_process&) = delete;
  worker_process& operator=(const worker_process&) = delete;

  slot_id slot;
  generation_id generation;
  boost::asio::steady_timer yields_for;  ///< so long at the most while it starts
  bool yields;                           ///< to those that serve
  std::optional<os::lowered_priority> priority;
  os::child child;
  std::shared_ptr<ipc::channel> channel;  ///< none to a program that is not built on the library
  std::shared_ptr<ipc::mailbox> mail;
  message_budget budget;
  os::statistics_page page;
  bool welcomed = false;
  std::set<std::uint64_t>
      listens_at;                   ///< listeners, by number, of which observers know that it accepts there
  bool paused = false;              ///< on request
  std::shared_ptr<output_tap> out;  ///< if its output is captured
  std::shared_ptr<output_tap> error;
  os::statistics_page pen;           ///< of a foreign worker: where its signs of life are put down for it
  std::shared_ptr<output_tap> node;  ///< its channel, if it is Node
  std::string said;                  ///< by a foreign worker of its state, for people
  std::uint64_t start = 0;           ///< with its pid this names the process for good; 0: not asked for yet
};

}  // namespace cluster
