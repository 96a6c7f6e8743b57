// SPDX-License-Identifier: BSL-1.0
#include "http/dispatcher.hpp"

#include "http/edge.hpp"
#include "http/peer_name.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <string>

namespace cluster::http {

void dispatcher::find(exchange& request) const noexcept {
  const route_match match = routes_.find(request.head.method, request.head.path, request.params);
  request.target = match.target;
  request.allowed = match.allowed;
  request.around = match.in->passive() ? nullptr : match.in;
  if (options_.on_access) request.started = std::chrono::steady_clock::now();
}

response dispatcher::run(exchange& request) noexcept {
  if (request.around != nullptr) return run_within_hooks(request);
  try {
    if (request.target != nullptr) return request.target->answer.plain()(request.view);
    return answer_without_handler(request);
  } catch (...) {
    return failed(request, std::current_exception());
  }
}

response dispatcher::run_within_hooks(exchange& request) noexcept {
  response answer;
  try {
    if (auto early = run_before(*request.around, request.view)) answer = std::move(*early);
    else if (request.target != nullptr) answer = request.target->answer.plain()(request.view);
    else answer = answer_without_handler(request);
  } catch (...) {
    answer = failed(request, std::current_exception());
  }
  run_after_hooks(request, answer);
  return answer;
}

boost::asio::awaitable<response> dispatcher::start(exchange& request) const {
  const handler* answer = request.target != nullptr ? &request.target->answer : nullptr;
  if (request.around == nullptr) return call(answer, request);
  return run_waiting(*request.around, request.view,
                     [this, answer, &request] { return call(answer, request); });
}

boost::asio::awaitable<response> dispatcher::call(const handler* answer, exchange& request) const {
  if (answer != nullptr && answer->coroutine()) return answer->coroutine()(request.view);
  return call_others(answer, request);
}

boost::asio::awaitable<response> dispatcher::call_others(const handler* answer, exchange& request) const {
  if (answer == nullptr) co_return answer_without_handler(request);
  if (answer->plain()) co_return answer->plain()(request.view);
  std::optional<body_reader> in;
  std::optional<stream> out;
  if (answer->reads_in_pieces()) in.emplace(request);
  if (answer->writes_in_pieces()) out.emplace(request);
  co_return co_await answer->flow()(request.view, in ? &*in : nullptr, out ? &*out : nullptr);
}

response dispatcher::finish(exchange& request, const std::exception_ptr& failure, response answer) noexcept {
  if (failure) answer = failed(request, failure);
  run_after_hooks(request, answer);
  return answer;
}

void dispatcher::run_after_hooks(exchange& request, response& answer) noexcept {
  if (request.around == nullptr) return;
  try {
    run_after(*request.around, request.view, answer);
  } catch (...) {
    answer = failed(request, std::current_exception());
  }
}

void dispatcher::log_access(const exchange* request, const belongings& own, int fd, unsigned status,
                            std::uint64_t bytes) noexcept {
  try {
    const bool named = own.edge && !own.edge->client.empty();
    access what{request != nullptr ? &request->view : nullptr, status, bytes, {}, {}};
    if (request != nullptr && request->believed != nullptr) what.remote = request->view.remote_address();
    else what.remote = named ? own.edge->client : peer_name(fd);
    if (request != nullptr) {
      const auto took = std::chrono::steady_clock::now() - request->started;
      what.duration = std::chrono::duration_cast<std::chrono::microseconds>(took);
    }
    options_.on_access(what);
  } catch (const std::exception& e) {  // against its contract, and no reason to end anything
    report("on_access", e.what());
  } catch (...) {
    report("on_access", "unknown exception");
  }
}

response dispatcher::answer_without_handler(const exchange& request) const {
  if (request.head.method == verb::options) {
    if (request.head.path == "*") return response(204).set("Allow", allow_value(routes_.all_methods()));
    if (request.allowed != 0) return response(204).set("Allow", allow_value(request.allowed));
  }
  if (request.allowed != 0) return http::status(405).set("Allow", allow_value(request.allowed));
  return http::status(404);
}

response dispatcher::failed(const exchange& request, const std::exception_ptr& why) noexcept {
  count_failure(request, why);
  try {
    return http::status(500);
  } catch (...) {  // no memory to say more
    return {};
  }
}

void dispatcher::count_failure(const exchange& request, const std::exception_ptr& why) noexcept {
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
  } catch (...) {  // no memory to say more
  }
}

void dispatcher::report(std::string_view where, std::string_view what) noexcept {
  try {
    if (options_.on_failure) options_.on_failure(where, what);
  } catch (...) {  // against its contract, and no reason to end anything
  }
}

}  // namespace cluster::http
