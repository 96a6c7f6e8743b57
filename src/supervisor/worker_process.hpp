// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/mailbox.hpp"
#include "os/child.hpp"
#include "os/statistics_page.hpp"
#include "supervisor/output_tap.hpp"

#include <cluster/types.hpp>

#include <chrono>
#include <cstddef>
#include <memory>

namespace cluster {

/// Counts what one worker sends; a flood costs that worker only.
class message_budget {
 public:
  static constexpr std::size_t per_second = 2000;

  /// False when this message is one too many within its second.
  bool spend(std::chrono::steady_clock::time_point now) {
    if (now - window_ >= std::chrono::seconds(1)) {
      window_ = now;
      spent_ = 0;
    }
    return ++spent_ <= per_second;
  }

 private:
  std::chrono::steady_clock::time_point window_{};
  std::size_t spent_ = 0;
};

/// What the supervisor holds of one living worker.
struct worker_process {
  worker_process(const boost::asio::any_io_executor& executor, slot_id in_slot, generation_id of,
                 os::launched_process process, os::unique_fd socket)
      : slot(in_slot),
        generation(of),
        child(executor, std::move(process)),
        channel(std::make_shared<ipc::channel>(executor, std::move(socket))),
        mail(std::make_shared<ipc::mailbox>(executor, channel)) {
    mail->start();
  }
  ~worker_process() {
    mail->fail(make_error_code(error::worker_unavailable));
    channel->close();
  }
  worker_process(const worker_process&) = delete;
  worker_process& operator=(const worker_process&) = delete;

  slot_id slot;
  generation_id generation;
  os::child child;
  std::shared_ptr<ipc::channel> channel;
  std::shared_ptr<ipc::mailbox> mail;
  message_budget budget;
  os::statistics_page page;
  bool welcomed = false;
  bool paused = false;              ///< on request
  std::shared_ptr<output_tap> out;  ///< if its output is captured
  std::shared_ptr<output_tap> error;
  std::uint64_t start = 0;  ///< with its pid this names the process for good
};

}  // namespace cluster
