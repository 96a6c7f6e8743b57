// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/exchange.hpp"
#include "http/route_tree.hpp"

#include <cluster/http/options.hpp>
#include <cluster/http/response.hpp>
#include <cluster/http/server.hpp>

#include <exception>
#include <string_view>

namespace cluster::http {

/// Between a request and its handler: finds it, calls it, and turns whatever comes out into a response.
class dispatcher {
 public:
  dispatcher(const route_tree& routes, const server_options& options, server_counters& counters)
      : routes_(routes), options_(options), counters_(counters) {}

  /// Whose turn it is; fills the parameters.
  route_match find(exchange& request) const noexcept;

  /// The answer of a plain handler, or the router's own if there is none. Never throws.
  response run(const route_match& match, exchange& request) noexcept;

  /// The answer to a request whose handler threw: 500, counted and reported.
  response failed(const exchange& request, const std::exception_ptr& why) noexcept;

  void report(std::string_view where, std::string_view what) noexcept;

 private:
  response answer_without_handler(const route_match& match, const exchange& request) const;

  const route_tree& routes_;
  const server_options& options_;
  server_counters& counters_;
};

}  // namespace cluster::http
