// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/routing.hpp>
#include <cluster/types.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace cluster::policy {

/// Connections that workers may have, and how to learn how many they have.
struct connection_limits {
  std::size_t each = 0;   ///< zero: any number
  std::size_t total = 0;  ///< likewise
  std::function<std::size_t(slot_id)> load;
};

/// Whose turn it is to get the next connection, and which connections nobody has acknowledged yet.
class dispatcher {
 public:
  /// So many connections may be on their way to one worker; the rest waits where it is.
  static constexpr std::size_t window = 64;
  /// Whose acknowledgements lag behind by more than this loses its turn until it has caught up.
  static constexpr std::size_t lag = 16;

  explicit dispatcher(connection_limits limits = {}) : limits_(std::move(limits)) {}

  /// From now on it gets connections, or gets no more. What it has not acknowledged stays its own.
  void serve(worker_id worker, slot_id slot);
  void leave(worker_id worker);
  bool serves(worker_id worker) const;
  /// Whether any worker of that slot gets connections.
  bool serves(slot_id slot) const;
  bool anybody() const noexcept { return !serving_.empty(); }

  /// Who is to get the next one; nobody while all have enough.
  std::optional<worker_id> next(connection_choice how = {});
  /// Whether next() would name somebody.
  bool room() const;

  void sent(worker_id worker, std::uint64_t number) { in_flight_[worker].insert(number); }
  /// It is acknowledged, or refused; false if it was not this worker's.
  bool settled(worker_id worker, std::uint64_t number);
  /// The worker is gone: these were never acknowledged.
  std::vector<std::uint64_t> gone(worker_id worker);
  std::size_t in_flight() const noexcept;

 private:
  struct server {
    worker_id worker;
    slot_id slot;
  };

  std::size_t under_way(worker_id worker) const;
  bool has_room(const server& one) const;
  bool total_reached() const;
  const server* in_slot(slot_id slot) const;
  std::optional<worker_id> by_key(std::uint64_t key) const;

  connection_limits limits_;
  std::vector<server> serving_;  ///< by slot, then id
  worker_id last_;               ///< who had the last turn
  slot_id last_slot_;
  std::map<worker_id, std::set<std::uint64_t>> in_flight_;
};

}  // namespace cluster::policy
