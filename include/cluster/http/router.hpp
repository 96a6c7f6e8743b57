// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/http/handler.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace cluster::http {

class route_tree;

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
/// Functions that add routes throw std::invalid_argument for a malformed pattern or one that is there
/// already. Thread-safety: distinct objects safe, shared objects unsafe; no routes may be added while a
/// server uses it. Lifetimes: must outlive the servers that use it and the handlers' coroutines.
class router {
 public:
  CLUSTER_API router();
  CLUSTER_API ~router();
  CLUSTER_API router(router&&) noexcept;
  CLUSTER_API router& operator=(router&&) noexcept;

  CLUSTER_API router& route(verb method, std::string_view pattern, handler answer);

  router& get(std::string_view pattern, handler answer) {
    return route(verb::get, pattern, std::move(answer));
  }
  router& head(std::string_view pattern, handler answer) {
    return route(verb::head, pattern, std::move(answer));
  }
  router& post(std::string_view pattern, handler answer) {
    return route(verb::post, pattern, std::move(answer));
  }
  router& put(std::string_view pattern, handler answer) {
    return route(verb::put, pattern, std::move(answer));
  }
  router& patch(std::string_view pattern, handler answer) {
    return route(verb::patch, pattern, std::move(answer));
  }
  router& del(std::string_view pattern, handler answer) {
    return route(verb::delete_, pattern, std::move(answer));
  }
  router& options(std::string_view pattern, handler answer) {
    return route(verb::options, pattern, std::move(answer));
  }

  /// Answers what no pattern fits, instead of a plain 404.
  CLUSTER_API router& fallback(handler answer);

  /// For the library's own use.
  const route_tree& tree() const noexcept { return *tree_; }

 private:
  std::unique_ptr<route_tree> tree_;
};

}  // namespace cluster::http
