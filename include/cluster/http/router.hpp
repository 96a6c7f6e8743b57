// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/handler.hpp>
#include <cluster/http/middleware.hpp>
#include <cluster/http/websocket.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace cluster::http {

class route_tree;

/// What one route may cost. An aggregate for designated initialisers.
struct route_options {
  /// Content of a request, instead of server_options::body_bytes. Beyond: 413.
  std::optional<std::uint64_t> body_bytes;
  /// For a coroutine to make the answer: then it is cancelled and the answer is 503. Zero: no limit.
  /// What does not react to cancellation (a function in a thread pool) goes on to its end.
  std::chrono::milliseconds handler_time{0};
};

/// Which handler answers which method and path.
///
/// A pattern is a path of segments: literal ("/v1/todos"), a parameter that takes one segment
/// ("/v1/todos/{id}"), or, last, one that takes the rest, slashes included ("/files/{path*}"). A literal
/// wins over a parameter, a parameter over a rest; "/a" and "/a/" differ. Paths are compared after percent
/// decoding, segment by segment, so an encoded slash never splits a segment.
///
/// By itself it answers 404 where no pattern fits; 405 with Allow where one fits and the method does not;
/// HEAD by the GET handler; OPTIONS with Allow.
///
/// Hooks run round everything that the router answers, those answers included: before() hooks in the order
/// they were added, then the handler, then after() hooks in reverse order. Those of a mounted router run
/// inside those of the one it is mounted in.
///
/// Functions that add routes throw std::invalid_argument for a malformed pattern or one that is there
/// already. Thread-safety: distinct objects safe, shared objects unsafe; no routes may be added while a
/// server uses it. Lifetimes: must outlive the servers that use it and the handlers' coroutines.
class router {
 public:
  CLUSTER_API router();
  CLUSTER_API ~router();
  CLUSTER_API router(router&&) noexcept;
  CLUSTER_API router& operator=(router&&) noexcept;

  CLUSTER_API router& route(verb method, std::string_view pattern, handler answer, route_options limits = {});

  router& get(std::string_view pattern, handler answer, route_options limits = {}) {
    return route(verb::get, pattern, std::move(answer), limits);
  }
  router& head(std::string_view pattern, handler answer, route_options limits = {}) {
    return route(verb::head, pattern, std::move(answer), limits);
  }
  router& post(std::string_view pattern, handler answer, route_options limits = {}) {
    return route(verb::post, pattern, std::move(answer), limits);
  }
  router& put(std::string_view pattern, handler answer, route_options limits = {}) {
    return route(verb::put, pattern, std::move(answer), limits);
  }
  router& patch(std::string_view pattern, handler answer, route_options limits = {}) {
    return route(verb::patch, pattern, std::move(answer), limits);
  }
  router& del(std::string_view pattern, handler answer, route_options limits = {}) {
    return route(verb::delete_, pattern, std::move(answer), limits);
  }
  router& options(std::string_view pattern, handler answer, route_options limits = {}) {
    return route(verb::options, pattern, std::move(answer), limits);
  }

  /// WebSocket sessions: GET with an opening handshake; without one the answer is 426. Throws
  /// std::invalid_argument for options that cannot be.
  CLUSTER_API router& websocket(std::string_view pattern, websocket_handler session,
                                websocket_options options = {});

  /// Answers what no pattern fits, instead of a plain 404. Of a mounted router: what lies below its prefix
  /// and no pattern fits.
  CLUSTER_API router& fallback(handler answer);

  CLUSTER_API router& before(before_hook hook);
  CLUSTER_API router& after(after_hook hook);

  /// Takes all routes and hooks of another router in below a prefix ("/api", "/users/{user}"): its "/todos"
  /// becomes "/api/todos", its "/" becomes "/api". Throws std::invalid_argument for a prefix that does not
  /// begin with a slash or ends with one, and as route() does.
  CLUSTER_API router& mount(std::string_view prefix, router&& inner);

  /// For the library's own use.
  const route_tree& tree() const noexcept { return *tree_; }

 private:
  std::unique_ptr<route_tree> tree_;
};

}  // namespace cluster::http
