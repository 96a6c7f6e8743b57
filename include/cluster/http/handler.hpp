// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/request.hpp>
#include <cluster/http/response.hpp>
#include <cluster/http/stream.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <type_traits>
#include <utility>

namespace cluster::http {

/// What answers requests: a function, plain or a coroutine, with or without the request as parameter.
///
///     response            f(const request&);                        response            f();
///     awaitable<response> f(const request&);                        awaitable<response> f();
///     awaitable<response> f(const request&, body_reader&);          // content in pieces
///     awaitable<void>     f(const request&, stream&);               // answer in pieces
///     awaitable<void>     f(const request&, body_reader&, stream&); // both
///
/// A plain function runs on the event loop; it must not block. A coroutine runs on the executor of the
/// server's context and may co_await anything there: timers, other sockets, channels. When the client goes
/// away it is cancelled (cancellation_type::terminal): what it awaits then fails with operation_aborted. An
/// exception out of either is a 500 for that request and a reported failure, nothing more.
class handler {
 public:
  using plain_function = std::function<response(const request&)>;
  using coroutine_function = std::function<boost::asio::awaitable<response>(const request&)>;
  /// With what makes up the answer; either of the two may be null.
  using flow_function =
      std::function<boost::asio::awaitable<response>(const request&, body_reader*, stream*)>;

  template <class Function>
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint is what it misses
  requires(!std::is_same_v<std::remove_cvref_t<Function>, handler>) handler(Function&& function) {
    if constexpr (std::is_invocable_v<Function&, const request&>) {
      assign<std::invoke_result_t<Function&, const request&>>(std::forward<Function>(function));
    } else if constexpr (std::is_invocable_v<Function&, const request&, body_reader&, stream&>) {
      check_flow<std::invoke_result_t<Function&, const request&, body_reader&, stream&>, void>();
      reads_ = writes_ = true;
      flow_ = [f = std::forward<Function>(function)](const request& asked, body_reader* in,
                                                     stream* out) mutable {
        return in_pieces(f(asked, *in, *out));
      };
    } else if constexpr (std::is_invocable_v<Function&, const request&, body_reader&>) {
      check_flow<std::invoke_result_t<Function&, const request&, body_reader&>, response>();
      reads_ = true;
      flow_ = [f = std::forward<Function>(function)](const request& asked, body_reader* in, stream*) mutable {
        return f(asked, *in);
      };
    } else if constexpr (std::is_invocable_v<Function&, const request&, stream&>) {
      check_flow<std::invoke_result_t<Function&, const request&, stream&>, void>();
      writes_ = true;
      flow_ = [f = std::forward<Function>(function)](const request& asked, body_reader*,
                                                     stream* out) mutable {
        return in_pieces(f(asked, *out));
      };
    } else {
      static_assert(
          std::is_invocable_v<Function&>,
          "a handler takes a `const cluster::http::request&`, or nothing, or what else handler.hpp lists");
      assign<std::invoke_result_t<Function&>>(
          [f = std::forward<Function>(function)](const request&) mutable { return f(); });
    }
  }

  bool is_coroutine() const noexcept { return !plain_; }
  bool reads_in_pieces() const noexcept { return reads_; }
  bool writes_in_pieces() const noexcept { return writes_; }
  const plain_function& plain() const noexcept { return plain_; }
  const coroutine_function& coroutine() const noexcept { return coroutine_; }
  const flow_function& flow() const noexcept { return flow_; }

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
  template <class Result, class Wanted>
  static void check_flow() {
    static_assert(
        std::is_same_v<Result, boost::asio::awaitable<Wanted>>,
        "with a stream a handler returns awaitable<void>, with a body_reader alone awaitable<response>");
  }
  static boost::asio::awaitable<response> in_pieces(boost::asio::awaitable<void> work) {
    co_await std::move(work);
    co_return response();
  }

  plain_function plain_;
  coroutine_function coroutine_;
  flow_function flow_;
  bool reads_ = false;
  bool writes_ = false;
};

}  // namespace cluster::http
