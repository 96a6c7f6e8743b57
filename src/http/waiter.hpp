// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "common/handler_slot.hpp"

#include <cluster/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace cluster::http {

/// A place where one coroutine waits until it is told to go on. Always resumed by way of the executor,
/// never from the depth of whoever tells. Has to outlive the wait.
class waiter {
 public:
  bool waiting() const noexcept { return static_cast<bool>(handler_); }

  /// Completes with what it is told. Cancellation: total.
  boost::asio::awaitable<error_code> wait_quietly(boost::asio::any_io_executor on) {
    const auto [ec] = co_await boost::asio::async_initiate<const token_type, void(error_code)>(
        [this, on](auto resume) mutable {
          executor_ = std::move(on);
          // In this order: the erased handler takes the coroutine's slot for itself and has one of its own.
          handler_type erased(std::move(resume));
          if (auto slot = boost::asio::get_associated_cancellation_slot(erased); slot.is_connected())
            slot.assign(
                [this](boost::asio::cancellation_type) { tell(boost::asio::error::operation_aborted); });
          handler_.put(std::move(erased));
        },
        boost::asio::as_tuple(boost::asio::use_awaitable));
    co_return ec;
  }
  /// The same, throws boost::system::system_error if it is told an error.
  boost::asio::awaitable<void> wait(boost::asio::any_io_executor on) {
    const error_code ec = co_await wait_quietly(std::move(on));
    if (ec) throw boost::system::system_error(ec);
  }

  /// Nothing happens if nobody waits.
  void tell(error_code ec) {
    if (!handler_) return;
    handler_type resume = handler_.take();
    // A cancellation that comes later must not find us, who may be gone by then.
    boost::asio::get_associated_cancellation_slot(resume).clear();
    boost::asio::post(executor_, boost::asio::append(std::move(resume), ec));
  }

 private:
  using token_type = boost::asio::as_tuple_t<boost::asio::use_awaitable_t<>>;
  using handler_type = boost::asio::any_completion_handler<void(error_code)>;

  handler_slot<handler_type> handler_;
  boost::asio::any_io_executor executor_;
};

}  // namespace cluster::http
