// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/error.hpp>
#include <cluster/export.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace cluster {

class supervisor;

/// What the control interface is told. What is left out keeps its default.
struct control_options {
  /// Path of the Unix socket. Empty means default_control_path(name of the cluster); if another cluster is
  /// served there, a path of its own with the process id in its name.
  std::string path;
  /// Clients at a time; one more is answered 503.
  std::size_t max_connections = 64;
  /// From the first octet of a request to its last; then 408. More than zero.
  std::chrono::milliseconds request_timeout{10000};
  /// For a client to take some of its answer; then the connection is closed. More than zero.
  std::chrono::milliseconds write_timeout{10000};
  /// A connection without a request is closed after this. More than zero.
  std::chrono::milliseconds idle_timeout{60000};
};

/// Serves the control interface of one supervisor: HTTP/1.1 and JSON on a Unix socket that only this user
/// (and root) may use. docs/reference/openapi.json describes it; control_client and clusterctl speak it.
///
/// Runs on the supervisor's executor and owns no threads. Every buffer is bounded, whatever clients do.
/// Does nothing while nobody asks. cluster::run has one by itself.
///
/// Thread-safety: as the supervisor's. Lifetimes: the supervisor outlives it, or is not used after its
/// end: call close() first. While open() it keeps the context running, so close() it when the supervisor
/// has ended.
class control_server {
 public:
  CLUSTER_API explicit control_server(supervisor& owner, control_options settings = {});
  CLUSTER_API ~control_server();
  control_server(const control_server&) = delete;
  control_server& operator=(const control_server&) = delete;

  /// Binds and begins to answer. A stale socket file is replaced. Errors: owned_elsewhere when another
  /// cluster is served at the given path, and those of the system; `detail` gets one line for people.
  CLUSTER_API void open(error_code& ec, std::string& detail);
  /// The throwing form: boost::system::system_error with the detail as its text.
  CLUSTER_API void open();

  /// Answers `/metrics`, `/healthz` and `/readyz`, and nothing else, to everybody who connects to this
  /// listening stream socket, TCP as a rule. Takes the descriptor over. May be called any number of times,
  /// with open() or without.
  CLUSTER_API void serve_probes(int listening, error_code& ec);

  /// What `POST /v1/upgrade` does; without it, the answer is that there is none. The hook calls back once:
  /// with the reason why this process goes on, or with nothing when it is about to become another program,
  /// late enough for the answer to leave. cluster::run sets one.
  CLUSTER_API void on_upgrade(std::function<void(std::function<void(std::string why)>)> hook);

  /// Where it is served; empty while it is not.
  CLUSTER_API const std::string& path() const noexcept;

  /// Ends all connections and removes the socket file.
  CLUSTER_API void close() noexcept;

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace cluster
