// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/connection.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace cluster::http {

/// Makes connection objects, a block at a time, uses them over and over, and knows the open ones.
class connection_pool {
 public:
  connection& open(int fd);

  /// The connection is gone from the list of open ones; its object is used again from the next
  /// recycle() on at the earliest, so events already fetched for it find a dead one.
  void close(connection& gone) noexcept;
  void recycle();

  std::size_t open_count() const noexcept { return open_count_; }

  /// Calls f for each open connection; f may close the one it is given.
  template <class F>
  void for_each(F&& f) {
    for_each_while([] { return true; }, f);
  }
  /// The same, as long as `more` says so.
  template <class More, class F>
  void for_each_while(More&& more, F&& f) {
    for (connection* c = first_; c != nullptr && more();) {
      connection* const next = c->next_open;
      f(*c);
      c = next;
    }
  }

 private:
  static constexpr std::size_t block_size = 64;

  std::vector<std::unique_ptr<connection[]>> blocks_;
  std::vector<connection*> free_;
  std::vector<connection*> closed_;
  connection* first_ = nullptr;
  std::size_t open_count_ = 0;
};

}  // namespace cluster::http
