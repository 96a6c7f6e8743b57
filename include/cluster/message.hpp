// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>
#include <cluster/types.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace cluster {

/// A file descriptor with one owner, closed with it. -1 means none.
class descriptor {
 public:
  descriptor() noexcept = default;
  explicit descriptor(int handle) noexcept : handle_(handle) {}
  descriptor(descriptor&& other) noexcept : handle_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    if (this != &other) {
      close();
      handle_ = other.release();
    }
    return *this;
  }
  ~descriptor() { close(); }

  int native_handle() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ >= 0; }
  /// Gives it up: it is the caller's to close.
  [[nodiscard]] int release() noexcept { return std::exchange(handle_, -1); }
  CLUSTER_API void close() noexcept;

 private:
  int handle_ = -1;
};

/// What the processes of a cluster tell each other: octets in whatever form the application likes, and open
/// descriptors (an accepted connection, a listener, a file). Large contents travel as a memory file, so no
/// socket buffer and no event loop is held up by them.
struct message {
  message() = default;
  /// Constructors, as GCC 12 miscompiles aggregates that are made of braces within a co_await.
  message(std::string content) : data(std::move(content)) {}  // NOLINT: a text is a message
  message(std::string content, std::vector<descriptor> along)
      : data(std::move(content)), descriptors(std::move(along)) {}

  std::string data;                     ///< up to max_message_data
  std::vector<descriptor> descriptors;  ///< up to max_message_descriptors
};

inline constexpr std::size_t max_message_data = 64 * 1024 * 1024;
inline constexpr std::size_t max_message_descriptors = 16;

/// Who stands for the supervisor where a worker is named as sender or receiver.
inline constexpr worker_id supervisor_id{};

/// Gets a message; the sender is named by its id. What it throws is logged and dropped.
using message_handler = std::function<void(worker_id from, message&& what)>;

/// Answers one request, once; later calls do nothing. May be copied, kept and called later. When the last
/// copy goes unused, or the handler throws, the other side gets error::not_handled.
using responder = std::function<void(message answer)>;
using request_handler = std::function<void(worker_id from, message&& what, responder answer)>;

}  // namespace cluster
