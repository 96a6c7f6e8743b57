// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/log.hpp>
#include <cluster/options.hpp>
#include <cluster/supervisor.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace cluster::run_detail {

/// What signals mean to a program that `cluster::run` owns. Handlers only wake the loop; the loop acts.
///
/// TERM, INT: graceful stop, a second one fast. QUIT: fast stop. HUP: rolling replacement. TTIN, TTOU: one
/// worker more, one less. USR1: opens the log file again. USR2: upgrade of the supervisor.
class signal_rules {
 public:
  signal_rules(boost::asio::io_context& context, supervisor& master, const options& settings);

  void on_upgrade(std::function<void()> start) { upgrade_ = std::move(start); }
  /// Ended children that `ours` does not name are collected, if orphans come to this process.
  void on_strangers(std::function<std::vector<int>()> ours);
  /// Waits for no more of them; the loop is left without work of this object's.
  void cancel();

 private:
  void wait();
  void act(int number);
  void reload();
  void scale(int change);
  void reopen_log();

  supervisor& master_;
  const logger& log_;
  const std::string& log_file_;
  const std::string& error_file_;
  boost::asio::signal_set signals_;
  std::function<void()> upgrade_;
  std::function<std::vector<int>()> ours_;
  bool stopping_ = false;
  bool cancelled_ = false;
};

/// Blocks what signal_rules handle, around an exec: until the new program handles them, they wait.
void hold_signals();
/// The opposite; also in the new program, which inherits what is blocked.
void let_signals_through();

/// A write to a closed pipe or socket is an error to handle, not the end of a worker. A handler that does
/// nothing rather than SIG_IGN: that one would be inherited by every program the worker starts.
void survive_broken_pipes();

/// For a worker: what means something to its supervisor, and reaches the workers too when it is sent to all
/// processes of a name, shall not end or stop them. Nor shall the terminal, if it lets only its foreground
/// processes write (stty tostop).
void leave_signals_to_supervisor();

}  // namespace cluster::run_detail
