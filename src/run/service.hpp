// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/service_manager.hpp"

#include <cluster/supervisor.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace cluster::run_detail {

/// Tells the service manager how the cluster is: READY when all workers are, RELOADING and READY around a
/// roll-out, STOPPING, a line of STATUS, and WATCHDOG as long as the loop turns. Without a service manager
/// that listens it does nothing.
class service_reporter {
 public:
  /// `kept`: there is a keeper above this process, and that is the manager's main process.
  service_reporter(boost::asio::io_context& context, supervisor& master, bool kept);

  /// Feeds no watchdog any more; the loop is left without work of this object's.
  void cancel();

 private:
  void on_event(const event& what);
  void feed_watchdog();

  os::service_manager manager_;
  supervisor& master_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<void> observing_;
  bool kept_;
  bool ready_ = false;
  bool cancelled_ = false;
};

}  // namespace cluster::run_detail
