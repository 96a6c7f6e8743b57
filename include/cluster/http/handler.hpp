// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/request.hpp>
#include <cluster/http/response.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <type_traits>
#include <utility>

namespace cluster::http {

/// What answers requests: a function, plain or a coroutine, with or without the request as parameter.
///
///     response           f(const request&);      response           f();
///     awaitable<response> f(const request&);     awaitable<response> f();
///
/// A plain function runs on the event loop; it must not block. A coroutine runs on the executor of the
/// server's context and may co_await anything there: timers, other sockets, channels. When the client goes
/// away it is cancelled (cancellation_type::terminal): what it awaits then fails with operation_aborted. An
/// exception out of either is a 500 for that request and a reported failure, nothing more.
class handler {
 public:
  using plain_function = std::function<response(const request&)>;
  using coroutine_function = std::function<boost::asio::awaitable<response>(const request&)>;

  template <class Function>
  requires(!std::is_same_v<std::remove_cvref_t<Function>, handler>) handler(Function&& function) {
    if constexpr (std::is_invocable_v<Function&, const request&>) {
      assign<std::invoke_result_t<Function&, const request&>>(std::forward<Function>(function));
    } else {
      static_assert(std::is_invocable_v<Function&>,
                    "a handler takes a `const cluster::http::request&` or nothing");
      assign<std::invoke_result_t<Function&>>(
          [f = std::forward<Function>(function)](const request&) mutable { return f(); });
    }
  }

  bool is_coroutine() const noexcept { return static_cast<bool>(coroutine_); }
  const plain_function& plain() const noexcept { return plain_; }
  const coroutine_function& coroutine() const noexcept { return coroutine_; }

 private:
  template <class Result, class Function>
  void assign(Function&& function) {
    if constexpr (std::is_same_v<Result, boost::asio::awaitable<response>>) {
      coroutine_ = std::forward<Function>(function);
    } else {
      static_assert(std::is_convertible_v<Result, response>,
                    "a handler returns cluster::http::response or boost::asio::awaitable of it");
      plain_ = std::forward<Function>(function);
    }
  }

  plain_function plain_;
  coroutine_function coroutine_;
};

}  // namespace cluster::http
