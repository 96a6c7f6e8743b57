// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>
#include <cluster/export.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace cluster {

/// The folders where control sockets lie when no path is given, first the one that is used: `cluster` in
/// $XDG_RUNTIME_DIR if that is set; /run/cluster for root; /tmp/cluster-UID. Only their user may enter.
CLUSTER_API std::vector<std::string> control_folders();

/// Where the control socket of a cluster of that name lies when no path is given.
CLUSTER_API std::string default_control_path(const std::string& name);

/// All control sockets in these folders, served or stale.
CLUSTER_API std::vector<std::string> control_sockets();

/// What a cluster answered.
struct control_reply {
  int status = 0;  ///< of HTTP
  std::string content_type;
  std::string body;
};

/// Talks to the control interface of a cluster on this machine: plain HTTP/1.1 on its Unix socket. One
/// request after the other, blocking, each with a deadline.
///
/// Thread-safety: distinct objects safe, shared objects unsafe.
class control_client {
 public:
  /// Largest answer that is taken, 16 MiB.
  static constexpr std::size_t most_bytes = 16 * 1024 * 1024;

  /// Does nothing yet; the first request connects.
  CLUSTER_API explicit control_client(std::string path);
  CLUSTER_API ~control_client();
  control_client(const control_client&) = delete;
  control_client& operator=(const control_client&) = delete;

  const std::string& path() const noexcept { return path_; }

  /// Sends a request and waits for the whole answer; a limit of zero waits for ever. An answer with an
  /// error status is an answer. Errors: those of connect(2) (no_such_file_or_directory and
  /// connection_refused: no cluster there), timed_out, message_too_large, protocol_error, channel_closed.
  CLUSTER_API error_code request(std::string_view method, std::string_view target, std::string_view body,
                                 control_reply& out,
                                 std::chrono::milliseconds limit = std::chrono::seconds(10));

  /// Asks for content without an end (events, logs that are followed). Afterwards read() gives it piece by
  /// piece. A status other than 200 comes with its body, and nothing follows.
  CLUSTER_API error_code open_stream(std::string_view target, control_reply& out,
                                     std::chrono::milliseconds limit = std::chrono::seconds(10));
  /// Appends what has come; waits until there is something, at most `limit` (zero: not at all). timed_out if
  /// nothing came, channel_closed at the end.
  CLUSTER_API error_code read(std::string& out, std::chrono::milliseconds limit);

  /// Of the connection, to wait on with others; -1 without one.
  int native_handle() const noexcept { return fd_; }
  CLUSTER_API void close() noexcept;

 private:
  using time_limit = std::chrono::steady_clock::time_point;

  error_code connect();
  error_code send(std::string_view text, time_limit until);
  error_code fill(time_limit until);
  error_code head(control_reply& out, long long& length, time_limit until);
  error_code start(std::string_view method, std::string_view target, std::string_view body, time_limit until);

  std::string path_;
  std::string buffer_;
  int fd_ = -1;
};

}  // namespace cluster
