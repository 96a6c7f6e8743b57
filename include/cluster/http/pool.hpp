// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/handler.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace cluster::http {

/// A handler that runs a plain function on another executor, as a rule that of a boost::asio::thread_pool,
/// so that it may block without holding up the event loop.
///
/// While the function runs nothing else touches its request. It is not interrupted when the client goes
/// away. What it throws is a 500. Throws std::invalid_argument for a coroutine. Lifetimes: join the pool
/// before the router and the server's context are destroyed.
inline handler in_pool(boost::asio::any_io_executor pool, handler function) {
  if (function.is_coroutine()) throw std::invalid_argument("in_pool takes a plain function");
  return handler([pool = std::move(pool),
                  function = std::move(function)](const request& asked) -> boost::asio::awaitable<response> {
    namespace asio = boost::asio;
    std::optional<response> answer;
    std::exception_ptr failure;
    const auto loop = co_await asio::this_coro::executor;
    // The coroutine stays asleep on the loop's side all the while; only the function goes over.
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        [&](auto resume) {
          asio::post(pool,
                     [&, loop, work = asio::make_work_guard(loop), resume = std::move(resume)]() mutable {
                       try {
                         answer = function.plain()(asked);
                       } catch (...) {
                         failure = std::current_exception();
                       }
                       asio::post(loop, std::move(resume));
                     });
        },
        asio::use_awaitable);
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*answer);
  });
}

}  // namespace cluster::http
