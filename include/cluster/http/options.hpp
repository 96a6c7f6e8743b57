// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/access_log.hpp>
#include <cluster/log.hpp>
#include <cluster/proxy.hpp>
#include <cluster/tls.hpp>

#include <any>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace cluster::http {

/// What one connection may cost, in octets and time. An aggregate for designated initialisers. Sizes are
/// in octets. A time of zero means: no limit; a size or number of zero means what it says unless noted.
/// Times are looked at a few times a second (more often if one is very short), so they may be exceeded by
/// about a quarter of a second.
struct server_options {
  /// Request line, header fields and the empty line behind them. Beyond: 431, or 414 if the request line
  /// alone is too long. 256 at least.
  std::size_t header_bytes = 16 * 1024;
  /// Request target. Beyond: 414.
  std::size_t target_bytes = 8 * 1024;
  /// Number of header fields, and of trailer fields. Beyond: 431.
  std::size_t header_fields = 128;
  /// Content of a request, after the transfer coding is undone. Beyond: 413.
  std::uint64_t body_bytes = 1024 * 1024;
  /// Sum of the chunk extensions of a request. Beyond: 413.
  std::size_t chunk_extension_bytes = 16 * 1024;
  /// Trailer section. Beyond: 431.
  std::size_t trailer_bytes = 8 * 1024;

  /// From the first octet of a request to the end of its header section. Beyond: 408.
  std::chrono::milliseconds header_time{10'000};
  /// In which at least body_progress_bytes of content have to come, again and again until it is complete.
  /// Beyond: 408. So a client that lets an octet trickle now and then does not keep its connection. For a
  /// handler with a body_reader time counts only while it waits in read(). With zero octets any piece will
  /// do.
  std::chrono::milliseconds body_progress_time{30'000};
  std::size_t body_progress_bytes = 1024;
  /// From the end of the header section to the end of the content. Beyond: 408.
  std::chrono::milliseconds body_time{300'000};
  /// For a handler that waits (a coroutine), from the end of the request's header section to its answer,
  /// unless its route has a handler_time of its own. Beyond: what it waits for is cancelled, the answer is
  /// 503, and the connection ends; a second later also if the handler does not end. An answer that has begun
  /// to stream may go on. serve() takes options::request_timeout. Zero: no limit.
  std::chrono::milliseconds request_time{0};
  /// Between two requests, and before the first one. Then the connection is closed.
  std::chrono::milliseconds idle_time{75'000};
  /// For the client to take any more of an answer. Then the connection is reset.
  std::chrono::milliseconds write_progress_time{30'000};
  /// After an answer that ends the connection: how long, and for how much, what the client still sends is
  /// read and dropped so that the answer arrives (RFC 9112 9.6).
  std::chrono::milliseconds linger_time{2'000};
  std::uint64_t linger_bytes = 16 * 1024 * 1024;
  /// In a drain: how long a connection without a request may still bring one before it is closed. It is
  /// answered with `Connection: close`. Zero means: closed at once.
  std::chrono::milliseconds drain_idle_time{300};
  /// The same for connections over TLS, which cannot move, from the beginning of the drain on.
  std::chrono::milliseconds drain_tls_idle_time{5'000};
  /// From accepting a connection to the end of what comes before its first request: the header of the PROXY
  /// protocol, the handshake of TLS. Then it is closed.
  std::chrono::milliseconds handshake_time{10'000};

  /// With more answers than this waiting for the client, no further pipelined request is begun.
  std::size_t output_high_water = 256 * 1024;
  /// Connections taken at one wake-up at most, one by one between the connections that have something to
  /// do, before the context gets its turn. 1 at least.
  unsigned accepts_at_once = 16;
  /// Requests of one connection answered before it is the others' turn. 1 at least.
  unsigned requests_at_once = 128;
  /// How long accepting rests when the process or the system has no descriptors left.
  std::chrono::milliseconds accept_backoff{100};

  /// What request::connection_state() may weigh when its connection moves. 8000 at most.
  std::size_t state_bytes = 4 * 1024;
  /// Turns request::connection_state() into octets when its connection leaves for another worker; called
  /// only if there is a state. Without it a std::string goes as it is, and a connection with anything
  /// else does not move. What it throws is reported, and the connection stays.
  std::function<std::string(const std::any& state)> save_state;
  /// Makes the state again from the octets, in the worker where the connection arrived, which may run
  /// another version of the program. Without it the state is a std::string of them. What it throws is
  /// reported, and the connection begins anew without a state.
  std::function<std::any(std::string_view octets)> restore_state;

  /// Whether a client that ends its sending side has given up on the answer of a coroutine, which is then
  /// cancelled. It may also just have said all it has to say, so: no. A broken connection always cancels.
  bool end_cancels = false;

  /// For listeners with `tls`. serve() uses what the supervisor has (cluster::options::tls) where this has no
  /// certificates. The files are read when the server is made and at server::renew_tls().
  tls_options tls;
  /// Who is believed that speaks for others, at listeners with `proxy` and in header fields. serve() uses
  /// what the supervisor has (cluster::options::proxies) where this list is empty.
  proxy_options proxies;

  /// Called for each answer, on the event loop; see common_log_line() and json_log_line(). Must not throw.
  std::function<void(const access&)> on_access;
  /// Called with what came out of a handler: "GET /path" and the exception's what(). Must not throw.
  /// serve() sets it to worker::report_failure().
  std::function<void(std::string_view where, std::string_view what)> on_failure;
  logger log;
};

}  // namespace cluster::http
