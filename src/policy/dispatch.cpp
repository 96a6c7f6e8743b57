// SPDX-License-Identifier: BSL-1.0
#include "policy/dispatch.hpp"

#include <algorithm>
#include <tuple>

namespace cluster::policy {
namespace {

// Spreads the bits of a key and a slot (the finaliser of MurmurHash3): a slot that goes takes only its own
// keys along.
std::uint64_t weight(std::uint64_t key, std::uint64_t slot) {
  std::uint64_t mixed = key ^ ((slot + 1) * 0x9e3779b97f4a7c15ULL);
  mixed = (mixed ^ (mixed >> 33)) * 0xff51afd7ed558ccdULL;
  mixed = (mixed ^ (mixed >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return mixed ^ (mixed >> 33);
}

}  // namespace

void dispatcher::serve(worker_id worker, slot_id slot) {
  if (serves(worker)) return;
  const auto place = std::ranges::find_if(serving_, [&](const server& each) {
    return std::tie(each.slot, each.worker) > std::tie(slot, worker);
  });
  serving_.insert(place, {worker, slot});
}

void dispatcher::leave(worker_id worker) {
  std::erase_if(serving_, [worker](const server& each) { return each.worker == worker; });
}

bool dispatcher::serves(worker_id worker) const {
  return std::ranges::any_of(serving_, [worker](const server& each) { return each.worker == worker; });
}

bool dispatcher::serves(slot_id slot) const {
  return std::ranges::any_of(serving_, [slot](const server& each) { return each.slot == slot; });
}

std::size_t dispatcher::under_way(worker_id worker) const {
  const auto found = in_flight_.find(worker);
  return found == in_flight_.end() ? 0 : found->second.size();
}

std::size_t dispatcher::in_flight() const noexcept {
  std::size_t count = 0;
  for (const auto& [worker, numbers] : in_flight_) count += numbers.size();
  return count;
}

bool dispatcher::has_room(const server& one) const {
  const std::size_t waiting = under_way(one.worker);
  if (waiting >= window) return false;
  return limits_.each == 0 || !limits_.load || limits_.load(one.slot) + waiting < limits_.each;
}

// A slot whose worker is about to be replaced has two workers and one entry; it counts once.
bool dispatcher::total_reached() const {
  if (limits_.total == 0 || !limits_.load) return false;
  std::size_t total = in_flight();
  for (std::size_t i = 0; i < serving_.size(); ++i)
    if (i == 0 || serving_[i].slot != serving_[i - 1].slot) total += limits_.load(serving_[i].slot);
  return total >= limits_.total;
}

bool dispatcher::room() const {
  return !total_reached() &&
         std::ranges::any_of(serving_, [this](const server& each) { return has_room(each); });
}

// Of two workers in one slot the later one: the other is about to leave.
const dispatcher::server* dispatcher::in_slot(slot_id slot) const {
  const server* found = nullptr;
  for (const server& each : serving_)
    if (each.slot == slot && has_room(each)) found = &each;
  return found;
}

// The slot that weighs most for this key. The next one for it stands in only if that slot has no worker: a
// worker that is merely busy is waited for, or the key would not stick.
std::optional<worker_id> dispatcher::by_key(std::uint64_t key) const {
  const auto best = std::ranges::max_element(
      serving_, {}, [key](const server& each) { return weight(key, each.slot.value); });
  if (best == serving_.end()) return std::nullopt;
  const server* found = in_slot(best->slot);
  return found == nullptr ? std::nullopt : std::optional(found->worker);
}

std::optional<worker_id> dispatcher::next(connection_choice how) {
  if (total_reached()) return std::nullopt;
  if (how.how == connection_choice::kind::key) return by_key(how.value);
  if (how.how == connection_choice::kind::slot && serves(slot_id{how.value})) {
    const server* found = in_slot({how.value});
    return found == nullptr ? std::nullopt : std::optional(found->worker);
  }
  std::size_t least = window;
  for (const server& each : serving_)
    if (has_room(each)) least = std::min(least, under_way(each.worker));
  const auto may = [&](const server& each) {
    return has_room(each) && under_way(each.worker) <= least + lag;
  };
  auto found = std::ranges::find_if(serving_, [&](const server& each) {
    return std::tie(each.slot, each.worker) > std::tie(last_slot_, last_) && may(each);
  });
  if (found == serving_.end()) found = std::ranges::find_if(serving_, may);
  if (found == serving_.end()) return std::nullopt;
  last_ = found->worker;
  last_slot_ = found->slot;
  return last_;
}

bool dispatcher::settled(worker_id worker, std::uint64_t number) {
  const auto found = in_flight_.find(worker);
  if (found == in_flight_.end() || found->second.erase(number) == 0) return false;
  if (found->second.empty()) in_flight_.erase(found);
  return true;
}

std::vector<std::uint64_t> dispatcher::gone(worker_id worker) {
  leave(worker);
  const auto found = in_flight_.extract(worker);
  return found ? std::vector<std::uint64_t>(found.mapped().begin(), found.mapped().end())
               : std::vector<std::uint64_t>();
}

}  // namespace cluster::policy
