// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/sealed_page.hpp"

#include <cstddef>
#include <cstdint>

namespace cluster::os {

/// A page that all workers of a cluster share: how many connections each slot's worker has open. Each
/// entry has one writer, the worker in that slot; all read. It only guides who accepts next, so relaxed
/// order and a worker that writes nonsense are both harmless.
class load_board {
 public:
  static constexpr std::size_t slots = 1024;

  /// A new one, sealed against any change of size.
  failure create();
  /// One that somebody else made; takes the descriptor.
  failure attach(unique_fd fd);

  int fd() const noexcept { return page_.fd(); }
  explicit operator bool() const noexcept { return page_.data() != nullptr; }

  /// Says how many connections `slot` has, and that it takes new ones.
  void publish(std::size_t slot, std::uint32_t connections) noexcept;
  /// Says that `slot` takes no new ones (any more); its load counts no more.
  void withdraw(std::size_t slot) noexcept;

  /// How many connections `slot` has; none if it takes no new ones.
  std::size_t load(std::size_t slot) const noexcept;
  /// How many all have together.
  std::uint64_t total() const noexcept;

  /// Whether another slot takes connections too.
  bool others_than(std::size_t slot) const noexcept;

  /// Whether `slot` has more than its share of all: more than the mean and one.
  bool above_share(std::size_t slot) const noexcept;

 private:
  struct entry;
  entry* entries() const noexcept;
  /// Calls f with each slot that takes connections and how many it has.
  template <class F>
  void for_each_taking(F&& f) const;

  sealed_page page_;
};

}  // namespace cluster::os
