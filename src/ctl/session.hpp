// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/control_client.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cluster::ctl {

/// How the cluster is named on the command line.
struct where_options {
  std::string socket;  ///< -s
  std::string name;    ///< --name
};

/// Where one is served, or why it cannot be told which.
struct found_socket {
  std::string path;
  std::vector<std::string> looked;   ///< where nobody answered
  std::vector<std::string> several;  ///< more than one answers
};

/// -s, else --name, else CLUSTER_CONTROL, else the one cluster of this user that answers.
found_socket find_socket(const where_options& where);

/// One line for "nothing there".
std::string nothing_there(const where_options& where, const found_socket& found);

/// A cluster that is talked to. What goes wrong is said on stderr and becomes an exit code.
class session {
 public:
  /// Finds the cluster; without one says where it looked.
  static std::optional<session> open(const where_options& where, int& exit_code);

  /// One request; false if there was no answer or one with an error, which then has been said.
  bool ask(std::string_view method, std::string_view target, std::string_view body = {},
           std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// The answer to the last one.
  const control_reply& reply() const { return reply_; }
  boost::json::value json() const;
  bool stream(std::string_view target);

  control_client& client() { return *client_; }
  int exit_code() const { return exit_code_; }
  /// The last failure was that nobody answers (any more).
  bool gone() const { return gone_; }
  /// Says nothing of failures.
  void quiet() { quiet_ = true; }

 private:
  explicit session(std::string path) : client_(std::make_unique<control_client>(std::move(path))) {}
  bool fail(const error_code& ec);
  bool judge();

  std::unique_ptr<control_client> client_;
  control_reply reply_;
  int exit_code_ = 0;
  bool gone_ = false;
  bool quiet_ = false;
};

/// What an error answer says: its message, or its status.
std::string message_of(const control_reply& reply);

/// "clusterctl: ..." on stderr.
void complain(const std::string& what);

}  // namespace cluster::ctl
