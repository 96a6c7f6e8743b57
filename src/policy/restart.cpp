// SPDX-License-Identifier: BSL-1.0
#include "policy/restart.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace cluster::policy {
namespace {

/// Adds a failure to a window and says how many it holds. Without a limit nobody asks, so nothing
/// is stored: a window is never larger than its limit.
std::size_t count(failure_window& window, std::size_t limit, std::chrono::milliseconds reach,
                  time_point now) {
  if (limit == 0) return 0;
  window.slide(now, reach);
  window.add(now);
  return window.size();
}

std::size_t cluster_limit(const restart_policy& policy, std::size_t workers) {
  if (policy.max_failures_cluster != 0) return policy.max_failures_cluster;
  const auto slots = std::max<std::size_t>(workers, 1);
  if (policy.max_failures > std::numeric_limits<std::size_t>::max() / slots) return 0;
  return policy.max_failures * slots;
}

}  // namespace

void failure_window::slide(time_point now, std::chrono::milliseconds reach) {
  while (!failures_.empty() && after(failures_.front(), reach) <= now) failures_.pop_front();
}

std::chrono::milliseconds backoff_delay(const restart_policy& policy, std::size_t in_a_row, double spread) {
  const auto initial = static_cast<double>(policy.initial_delay.count());
  if (initial <= 0) return std::chrono::milliseconds{0};
  const auto cap = std::max(initial, static_cast<double>(policy.max_delay.count()));
  const auto steps = static_cast<double>(in_a_row == 0 ? 0 : in_a_row - 1);
  const auto base = std::min(cap, initial * std::pow(policy.multiplier, steps));
  const auto lowest = base * (1.0 - policy.jitter);
  const auto highest = std::min(cap, base * (1.0 + policy.jitter));
  return std::chrono::milliseconds{std::llround(lowest + spread * (highest - lowest))};
}

restart_control::restart_control(restart_policy policy, std::uint64_t seed)
    : policy_{std::move(policy)}, random_{seed} {}

bool restart_control::healthy(std::optional<time_point::duration> ready_for) const {
  using std::chrono::milliseconds;
  return ready_for && std::chrono::duration_cast<milliseconds>(*ready_for) >= policy_.min_uptime;
}

bool restart_control::retires(const exit_status& status) const {
  const auto& codes = policy_.no_restart_codes;
  return status.how == exit_status::kind::exited &&
         std::find(codes.begin(), codes.end(), status.code) != codes.end();
}

restart_verdict restart_control::failed(slot_failures& slot, std::size_t workers, time_point now) {
  using kind = restart_verdict::kind;
  ++slot.in_a_row;
  if (cluster_rests(now)) return *cluster_rest_;

  const auto of_cluster = cluster_limit(policy_, workers);
  const auto in_cluster = count(window_, of_cluster, policy_.window, now);
  const auto of_slot = policy_.max_failures;
  const auto in_slot = count(slot.window, of_slot, policy_.window, now);
  if (of_cluster != 0 && in_cluster >= of_cluster) {
    window_.clear();
    cluster_rest_ = rest(kind::rest_cluster, in_cluster, of_cluster, now);
    return *cluster_rest_;
  }
  if (of_slot != 0 && in_slot >= of_slot) return rest(kind::rest_slot, in_slot, of_slot, now);

  const auto delay = backoff_delay(policy_, slot.in_a_row, next_spread());
  return {kind::wait, delay, after(now, delay), in_slot, of_slot};
}

restart_verdict restart_control::rest(restart_verdict::kind what, std::size_t failures, std::size_t limit,
                                      time_point now) const {
  const auto delay = policy_.rest;
  if (delay.count() == 0) return {what, delay, std::nullopt, failures, limit};
  return {what, delay, after(now, delay), failures, limit};
}

/// While the cluster rests, a slot that fails joins the rest for what is left of it.
bool restart_control::cluster_rests(time_point now) {
  if (!cluster_rest_) return false;
  if (!cluster_rest_->due) return true;
  if (now >= *cluster_rest_->due) {
    cluster_rest_.reset();
    return false;
  }
  cluster_rest_->delay = std::chrono::ceil<std::chrono::milliseconds>(*cluster_rest_->due - now);
  return true;
}

/// SplitMix64: unlike the distributions of the standard library it gives the same everywhere.
double restart_control::next_spread() {
  random_ += 0x9e3779b97f4a7c15U;
  auto mixed = random_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  mixed ^= mixed >> 31U;
  return static_cast<double>(mixed >> 11U) * 0x1.0p-53;
}

}  // namespace cluster::policy
