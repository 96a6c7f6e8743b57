// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/flows.hpp"
#include "wire/body_decoder.hpp"
#include "wire/request_head.hpp"

#include <cluster/http/request.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <any>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cluster::http {

struct route;
struct scope;
struct connection;
struct belongings;
class trust;
class engine;

/// What a pattern took out of a path; names point into the route, values into the path.
struct route_params {
  static constexpr std::size_t most = 16;

  std::array<http::field, most> list;
  std::size_t count = 0;
};

/// One request on its way: the head, its content and what the route made of it. While a request is
/// answered within one wake-up its views point into the read buffer; keep() makes it own what they see.
struct exchange {
  explicit exchange(const wire::limits& bounds) : decoder(bounds), view(*this) {
    head.fields.reserve(bounds.fields);
  }
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  /// Copies the header section (and the content, if that is a view too), so that the read buffer is free.
  void keep(const char* section);

  /// Ready for the next request.
  void reset() noexcept;

  wire::request_head head;
  route_params params;
  std::string_view body;
  std::string head_bytes;
  std::string body_bytes;
  wire::body_decoder decoder;
  /// Texts that had to be decoded for the handler; nodes stay where they are.
  std::forward_list<std::string> decoded;
  belongings* carrier = nullptr;    ///< of the connection the request came on
  const trust* believed = nullptr;  ///< proxies; null: no header field of theirs
  std::any own_state;               ///< for a request without one
  std::any attachment;
  int fd = -1;                                    ///< of the connection
  const route* target = nullptr;                  ///< what it was routed to; null: to nothing
  std::uint64_t allowed = 0;                      ///< methods of its path, if there is no target
  const scope* around = nullptr;                  ///< with hooks that run round it
  std::chrono::steady_clock::time_point started;  ///< if there is an access log
  boost::asio::cancellation_signal cancel;        ///< ends the coroutine early
  bool out_of_time = false;                       ///< the coroutine was cancelled for that
  bool general_limit = false;                     ///< its time is that of all requests, not of its route
  // Of exchanges whose handler works in pieces.
  engine* server = nullptr;
  connection* on = nullptr;
  std::unique_ptr<outflow> out;
  std::unique_ptr<inflow> in;
  request view;
  std::chrono::steady_clock::time_point began{};  ///< of one that a coroutine answers
};

/// Exchanges are used over and over.
class exchange_pool {
 public:
  explicit exchange_pool(const wire::limits& bounds, const trust* believed = nullptr)
      : limits_(bounds), believed_(believed) {}

  std::unique_ptr<exchange> take();
  void give_back(std::unique_ptr<exchange> used) noexcept;

 private:
  wire::limits limits_;
  const trust* believed_;
  std::vector<std::unique_ptr<exchange>> free_;
};

}  // namespace cluster::http
