// SPDX-License-Identifier: BSL-1.0
#include "http/dispatcher.hpp"

#include <string>

namespace cluster::http {

route_match dispatcher::find(exchange& request) const noexcept {
  route_match match = routes_.find(request.head.method, request.head.path, request.params);
  if (match.answer == nullptr && match.allowed == 0 && request.head.path != "*")
    match.answer = routes_.fallback();
  return match;
}

response dispatcher::run(const route_match& match, exchange& request) noexcept {
  try {
    if (match.answer != nullptr) return match.answer->plain()(request.view);
    return answer_without_handler(match, request);
  } catch (...) {
    return failed(request, std::current_exception());
  }
}

response dispatcher::answer_without_handler(const route_match& match, const exchange& request) const {
  if (request.head.method == verb::options) {
    if (request.head.path == "*") return response(204).set("Allow", allow_value(routes_.all_methods()));
    if (match.allowed != 0) return response(204).set("Allow", allow_value(match.allowed));
  }
  if (match.allowed != 0) return http::status(405).set("Allow", allow_value(match.allowed));
  return http::status(404);
}

response dispatcher::failed(const exchange& request, const std::exception_ptr& why) noexcept {
  ++counters_.failures;
  try {
    std::string what = "unknown exception";
    try {
      std::rethrow_exception(why);
    } catch (const std::exception& e) {
      what = e.what();
    } catch (...) {  // not a std::exception: what is known of it stands in `what`
    }
    std::string where(request.head.method_text);
    report(where.append(" ").append(request.head.path), what);
    return http::status(500);
  } catch (...) {  // no memory to say more
    return {};
  }
}

void dispatcher::report(std::string_view where, std::string_view what) noexcept {
  try {
    if (options_.on_failure) options_.on_failure(where, what);
  } catch (...) {  // against its contract, and no reason to end anything
  }
}

}  // namespace cluster::http
