// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/handler.hpp>
#include <cluster/http/middleware.hpp>
#include <cluster/http/router.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace cluster::http {

/// The hooks of one router. Those of a mounted one lie inside those of the one it is mounted in.
struct scope {
  const scope* outer = nullptr;
  bool active = false;  ///< has hooks of its own
  std::vector<before_hook> before;
  std::vector<after_hook> after;
  std::vector<std::unique_ptr<scope>> inner;  ///< owned, so that they stay where they are

  /// Whether nothing has to run round a handler here, which is the usual case.
  bool passive() const noexcept {
    for (const scope* s = this; s != nullptr; s = s->outer)
      if (s->active) return false;
    return true;
  }
  bool waits() const noexcept {
    for (const scope* s = this; s != nullptr; s = s->outer)
      for (const before_hook& hook : s->before)
        if (hook.is_coroutine()) return true;
    return false;
  }
};

/// A handler with what goes with it.
struct route {
  handler answer;
  route_options limits;
  const scope* in = nullptr;
  std::uint32_t place = 0;  ///< where it is counted; see route_tree::names()
};

/// The before() hooks from the outermost scope inwards: the first answer, if any gives one. Precondition:
/// none of them waits.
std::optional<response> run_before(const scope& in, const request& asked);

/// The same for those that wait; then `behind`.
boost::asio::awaitable<response> run_waiting(const scope& in, const request& asked,
                                             std::function<boost::asio::awaitable<response>()> behind);

/// The after() hooks from the innermost scope outwards.
void run_after(const scope& in, const request& asked, response& answer);

}  // namespace cluster::http
