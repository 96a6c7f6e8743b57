// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/request.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace cluster::http {

/// One answered request, for server_options::on_access. The views of `asked` are valid during the call.
struct access {
  const request* asked = nullptr;  ///< null: what came was no acceptable request
  unsigned status = 0;
  std::uint64_t bytes = 0;               ///< of content
  std::chrono::microseconds duration{};  ///< from the end of the header section to the answer
  std::string remote;                    ///< as request::remote_address()
};

/// A line in the Common Log Format, without its line end:
///   192.0.2.1 - - [06/Nov/1994:08:49:37 +0000] "GET /a HTTP/1.1" 200 2326
/// What the client sent is escaped, so that it cannot forge lines. Thread-safety: safe.
CLUSTER_API std::string common_log_line(
    const access& what, std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

/// The same and more as one JSON object, without a line end: time, remote, method, target, version, status,
/// bytes, duration_us, host, referer, user_agent. Octets that are not UTF-8 become U+FFFD.
CLUSTER_API std::string json_log_line(
    const access& what, std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

}  // namespace cluster::http
