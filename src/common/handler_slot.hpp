// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <utility>

namespace cluster {

/// Holds one completion handler or none. Exists because assigning an any_completion_handler recurses
/// without end in Boost 1.81; construction and destruction are sound in every version.
template <class Handler>
class handler_slot {
 public:
  explicit operator bool() const noexcept { return handler_.has_value(); }
  void put(Handler handler) {
    handler_.reset();
    handler_.emplace(std::move(handler));
  }
  /// Precondition: there is one.
  Handler take() {
    Handler taken(std::move(*handler_));
    handler_.reset();
    return taken;
  }

 private:
  std::optional<Handler> handler_;
};

}  // namespace cluster
