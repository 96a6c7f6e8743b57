// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <ostream>  // first: Beast 1.81 forgets it in verb.hpp

#include <boost/beast/http/verb.hpp>

#include <any>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace cluster::http {

using verb = boost::beast::http::verb;
/// Name as the client sent it, value without white space round it.
using field = std::pair<std::string_view, std::string_view>;

/// The server's own record of a request and its answer; not for users.
struct exchange;

/// A request as a handler sees it: complete with its content, valid by RFC 9110 and RFC 9112.
///
/// All views point into buffers of the server. They stay valid until the handler has returned or, if it
/// is a coroutine, until the coroutine has completed; copy what has to live longer. See
/// <cluster/http/beast.hpp> for an owning copy in Beast's terms.
/// Thread-safety: const members are safe as long as only one thread at a time calls param() and query().
class request {
 public:
  request(const request&) = delete;
  request& operator=(const request&) = delete;

  CLUSTER_API verb method() const noexcept;
  /// The same as text, "GET".
  CLUSTER_API std::string_view method_string() const noexcept;
  /// The request target as sent, "/search?q=x" (RFC 9112 3.2).
  CLUSTER_API std::string_view target() const noexcept;
  /// Its path, still percent-encoded; never empty.
  CLUSTER_API std::string_view path() const noexcept;
  /// Its query without the question mark, still encoded; may be empty.
  CLUSTER_API std::string_view query() const noexcept;
  /// Whom the client meant to reach: host and port of an absolute target, else of the Host field; with
  /// server_options::proxies what a trusted proxy says it was.
  CLUSTER_API std::string_view host() const noexcept;
  /// 10 or 11; higher minor versions count as 11.
  CLUSTER_API unsigned version() const noexcept;
  /// Whether the client wants to use the connection again.
  CLUSTER_API bool keep_alive() const noexcept;

  /// The value of a path parameter, percent-decoded: param("id") for the pattern "/todos/{id}". Empty if
  /// the route has no such parameter.
  CLUSTER_API std::string_view param(std::string_view name) const;

  /// The first value of that name in the query, decoded as forms are (`+` is a space). Empty if it is
  /// not there; has_query() tells the difference.
  CLUSTER_API std::string_view query(std::string_view name) const;
  CLUSTER_API bool has_query(std::string_view name) const;

  /// The value of the first header field of that name, case does not matter. Empty if it is not there;
  /// has_field() tells the difference.
  CLUSTER_API std::string_view field(std::string_view name) const noexcept;
  CLUSTER_API bool has_field(std::string_view name) const noexcept;
  /// All header fields in the order they came. Trailers never appear here.
  CLUSTER_API std::span<const http::field> fields() const noexcept;

  /// The content, whatever its framing was; server_options::body_bytes at most.
  CLUSTER_API std::string_view body() const noexcept;

  /// What the application keeps with the connection, of whatever type: empty at first, then as the last
  /// handler left it, for all requests of this connection. When the connection moves to another worker it
  /// goes along as octets, server_options::state_bytes at most: a std::string by itself, any other type
  /// by server_options::save_state and restore_state. A connection whose state cannot be saved stays where
  /// it is and ends with the drain.
  CLUSTER_API std::any& connection_state() const noexcept;

  /// What hooks that ran before leave for the handler, of whatever type; gone with the request.
  CLUSTER_API std::any& attachment() const noexcept;

  /// The value of a cookie that the client sent (RFC 6265 4.2), without the quotes it may have. Empty if it
  /// is not there.
  CLUSTER_API std::string_view cookie(std::string_view name) const noexcept;

  /// The media type of the content in lower case without parameters, "application/json"; may be empty.
  CLUSTER_API std::string content_type() const;

  /// The first value of that name in content of the type application/x-www-form-urlencoded, decoded.
  /// Empty if it is not there or the content is of another type; has_form() tells the difference.
  CLUSTER_API std::string_view form(std::string_view name) const;
  CLUSTER_API bool has_form(std::string_view name) const;

  /// Who sent it: "192.0.2.1:4711", "[2001:db8::1]:4711", or "unix"; whom a proxy that is believed has named
  /// (server_options::proxies), which may be without a port: "192.0.2.1", "[2001:db8::1]". One system call;
  /// empty when the connection is gone.
  CLUSTER_API std::string remote_address() const;

  /// Whether it came over TLS, here or, as a proxy that is believed says, there.
  CLUSTER_API bool is_secure() const noexcept;
  /// "https" or "http", by that.
  CLUSTER_API std::string_view scheme() const noexcept;
  /// The subject of the certificate that the client has shown and that was found good,
  /// "CN=Ann,O=Example" (RFC 4514); empty if it showed none.
  CLUSTER_API std::string client_subject() const;

 private:
  friend struct exchange;
  explicit request(exchange& data) noexcept : data_(&data) {}

  exchange* data_;

 public:
  /// For the library's own use.
  const exchange& data() const noexcept { return *data_; }
};

}  // namespace cluster::http
