// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/child.hpp"
#include "os/unique_fd.hpp"

#include <cluster/log.hpp>
#include <cluster/supervisor.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cluster::run_detail {

/// Puts a new program in the place of this process, by exec: same pid, same arguments, what lies at its path
/// now. The workers are left alone and the new one takes them over. First the new program is asked with
/// --check whether it could; if not, or if exec fails, this one goes on as if nothing had been.
class upgrader {
 public:
  upgrader(boost::asio::io_context& context, supervisor& master, const options& settings, int argc,
           char** argv);

  /// `then` hears once how it began: why this supervisor goes on, or nothing when the new program has passed
  /// its check and takes over within moments.
  void start(std::function<void(std::string why)> then = {});
  /// No upgrade any more; the loop is left without work of this object's.
  void cancel();
  /// The process that checks the new program; 0: there is none.
  int check_pid() const { return check_ ? check_->pid() : 0; }

 private:
  std::string cannot_leave();
  std::string last_words() const;
  void checked(const exit_status& status);
  void replace_this_process();
  void refuse(const std::string& why);
  void answer(const std::string& why);

  boost::asio::io_context& context_;
  supervisor& master_;
  const logger& log_;
  std::string path_;
  std::vector<std::string> arguments_;
  boost::asio::steady_timer deadline_;
  std::function<void(std::string why)> then_;
  os::unique_fd said_;  ///< what the new program has to say about its check
  bool checking_ = false;
  std::unique_ptr<os::child> check_;
};

}  // namespace cluster::run_detail
