// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/exchange.hpp"
#include "http/route_tree.hpp"

#include <cluster/http/options.hpp>
#include <cluster/http/response.hpp>
#include <cluster/http/server.hpp>

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <string_view>

namespace cluster::http {

/// Between a request and its handler: finds it, calls it and the hooks round it, and turns whatever comes
/// out into a response.
class dispatcher {
 public:
  dispatcher(const route_tree& routes, const server_options& options, server_counters& counters)
      : routes_(routes), options_(options), counters_(counters) {}

  const route_tree& routes() const noexcept { return routes_; }
  /// Where its answer is counted.
  static std::uint32_t place_of(const exchange& request) noexcept {
    return request.target != nullptr ? request.target->place : 0;
  }

  /// Whose turn it is; notes that in the request and fills its parameters.
  void find(exchange& request) const noexcept;
  /// How much content the route takes.
  std::uint64_t body_limit(const exchange& request) const noexcept {
    const bool own = request.target != nullptr && request.target->limits.body_bytes;
    return own ? *request.target->limits.body_bytes : options_.body_bytes;
  }

  /// Whether the answer takes a coroutine, start(); else run() makes it.
  bool waits(const exchange& request) const noexcept {
    if (request.target != nullptr && request.target->answer.is_coroutine()) return true;
    return request.around != nullptr && request.around->waits();
  }
  response run(exchange& request) noexcept;
  /// The result still has to go through finish().
  boost::asio::awaitable<response> start(exchange& request) const;
  /// What came of start(), or instead of it.
  response finish(exchange& request, const std::exception_ptr& failure, response answer) noexcept;

  /// The after() hooks alone, for an answer that goes out before its handler is through.
  void run_after_hooks(exchange& request, response& answer) noexcept;

  void count_failure(const exchange& request, const std::exception_ptr& why) noexcept;
  void report(std::string_view where, std::string_view what) noexcept;
  /// `request` is null if there is none; `own` and `fd` are of the connection.
  void log_access(const exchange* request, const belongings& own, int fd, unsigned status,
                  std::uint64_t bytes) noexcept;

 private:
  boost::asio::awaitable<response> call(const handler* answer, exchange& request) const;
  boost::asio::awaitable<response> call_others(const handler* answer, exchange& request) const;
  response run_within_hooks(exchange& request) noexcept;
  response answer_without_handler(const exchange& request) const;
  response failed(const exchange& request, const std::exception_ptr& why) noexcept;

  const route_tree& routes_;
  const server_options& options_;
  server_counters& counters_;
};

}  // namespace cluster::http
