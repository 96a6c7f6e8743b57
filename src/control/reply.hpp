// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire/request_head.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace cluster::control {

/// One request as the routes see it; the views are valid during the call.
struct call {
  wire::verb method{};
  std::string_view path;
  std::string_view query;
  std::string_view body;
  std::string_view last_event_id;  ///< empty: no such field
  bool read_only = false;          ///< came to a listener that only shows
};

/// What goes back. With `more` the content has no known length: it is asked for octets to append
/// whenever there may be some, and for the next ones only when those are written; false from it is the
/// end of the content.
struct reply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string fields;  ///< whole lines
  std::function<bool(std::string& out)> more;
};

/// Takes the reply, at once or later; called exactly once.
using answer = std::function<void(reply)>;

/// `{"error":{"code","message"}}`
reply error_reply(unsigned status, std::string_view code, std::string_view message);

}  // namespace cluster::control
