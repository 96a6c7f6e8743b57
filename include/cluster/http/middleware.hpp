// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http/request.hpp>
#include <cluster/http/response.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace cluster::http {

/// What runs in front of a handler: a function of the request, plain or a coroutine. It may answer in the
/// handler's place, and then nothing behind it runs.
///
///     void                               f(const request&);   // looks, or sets request::attachment()
///     std::optional<response>            f(const request&);
///     awaitable<std::optional<response>> f(const request&);
///
/// An exception out of it is treated as one out of the handler: 500 and a reported failure.
class before_hook {
 public:
  using plain_function = std::function<std::optional<response>(const request&)>;
  using coroutine_function = std::function<boost::asio::awaitable<std::optional<response>>(const request&)>;

  template <class Function>
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint is what it misses
  requires(!std::is_same_v<std::remove_cvref_t<Function>, before_hook>) before_hook(Function&& function) {
    using result = std::invoke_result_t<Function&, const request&>;
    if constexpr (std::is_same_v<result, boost::asio::awaitable<std::optional<response>>>) {
      coroutine_ = std::forward<Function>(function);
    } else if constexpr (std::is_void_v<result>) {
      plain_ = [f = std::forward<Function>(function)](const request& asked) mutable {
        f(asked);
        return std::optional<response>();
      };
    } else {
      static_assert(std::is_convertible_v<result, std::optional<response>>,
                    "a before_hook returns nothing, std::optional<response>, or an awaitable of it");
      plain_ = std::forward<Function>(function);
    }
  }

  bool is_coroutine() const noexcept { return static_cast<bool>(coroutine_); }
  const plain_function& plain() const noexcept { return plain_; }
  const coroutine_function& coroutine() const noexcept { return coroutine_; }

 private:
  plain_function plain_;
  coroutine_function coroutine_;
};

/// What runs behind a handler, whoever answered: may change the answer.
using after_hook = std::function<void(const request&, response&)>;

}  // namespace cluster::http
