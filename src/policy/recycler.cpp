// SPDX-License-Identifier: BSL-1.0
#include "policy/recycler.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <utility>

namespace cluster::policy {
namespace {

using namespace std::chrono_literals;
using nanoseconds = std::chrono::nanoseconds;

constexpr nanoseconds soonest = 50ms;
constexpr nanoseconds latest = 2s;
constexpr nanoseconds second_try = 10s;  ///< the successor did not come up

std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15U;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

/// How much of the way to a limit is behind it; 0 without a limit.
double degree(double value, double limit) { return limit > 0 ? value / limit : 0; }

/// When to look again at a number that grows as it has grown lately, long before it reaches its limit.
nanoseconds until(std::uint64_t value, std::uint64_t before, nanoseconds span, double limit) {
  if (limit <= 0 || value <= before || span <= 0ns) return latest;
  const double rate = static_cast<double>(value - before) / static_cast<double>(span.count());
  // Half of that: it may come to grow faster.
  const double left = std::max(limit - static_cast<double>(value), 0.0) / rate / 2;
  return left < static_cast<double>(latest.count()) ? nanoseconds(static_cast<std::int64_t>(left)) : latest;
}

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes / (1024 * 1024)) + " MiB"; }

}  // namespace

recycler::recycler(const recycle_limits& limits, std::uint64_t seed) : limits_(limits), seed_(seed) {}

bool recycler::active() const noexcept {
  return limits_.max_requests != 0 || limits_.max_age.count() != 0 || limits_.max_rss != 0 ||
         limits_.max_rss_hard != 0;
}

double recycler::share(worker_id id) const noexcept {
  const auto chance = static_cast<double>(mix(seed_ ^ id.value) >> 11) / static_cast<double>(1ULL << 53);
  return 1.0 - chance / 10;
}

/// How far it has gone towards its nearest limit: 1 is there.
double recycler::wear(const recycle_reading& one, time_point now) const {
  const double part = share(one.worker);
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - one.since);
  return std::max({degree(static_cast<double>(one.requests), static_cast<double>(limits_.max_requests)),
                   degree(static_cast<double>(one.rss), static_cast<double>(limits_.max_rss)),
                   degree(static_cast<double>(age.count()), static_cast<double>(limits_.max_age.count()))}) /
         part;
}

nanoseconds recycler::time_left(const recycle_reading& one, time_point now) const {
  const double part = share(one.worker);
  const bool counts = limits_.max_requests != 0 || limits_.max_rss != 0 || limits_.max_rss_hard != 0;
  nanoseconds left = counts ? latest : nanoseconds(1h);
  // An age is known to the moment, give or take the rounding.
  if (limits_.max_age.count() != 0) {
    const std::chrono::duration<double, std::milli> life(static_cast<double>(limits_.max_age.count()) * part);
    left = std::min(left, one.since + std::chrono::ceil<std::chrono::milliseconds>(life) - now);
  }
  if (const auto found = seen_.find(one.worker); found != seen_.end()) {
    const seen& before = found->second;
    const nanoseconds span = now - before.at;
    const auto limit = [part](std::uint64_t whole) { return part * static_cast<double>(whole); };
    left = std::min({left, until(one.requests, before.requests, span, limit(limits_.max_requests)),
                     until(one.rss, before.rss, span, limit(limits_.max_rss)),
                     until(one.rss, before.rss, span, static_cast<double>(limits_.max_rss_hard))});
  }
  return std::max(left, soonest);
}

std::string recycler::words(const recycle_reading& one, time_point now) const {
  std::string text;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (limits_.max_requests != 0)
    add(std::to_string(one.requests) + " requests of " + std::to_string(limits_.max_requests));
  if (limits_.max_rss != 0) add(mebibytes(one.rss) + " resident of " + mebibytes(limits_.max_rss));
  if (limits_.max_age.count() != 0)
    add("an age of " + describe(std::chrono::duration_cast<std::chrono::milliseconds>(now - one.since)) +
        " of " + describe(limits_.max_age));
  return text;
}

std::optional<recycler::order> recycler::look(const std::vector<recycle_reading>& readings, bool may,
                                              time_point now) {
  std::map<worker_id, seen> next;
  nanoseconds wait = readings.empty() ? latest : nanoseconds(1h);
  const recycle_reading* worst = nullptr;
  double most = 1;
  const recycle_reading* too_much = nullptr;
  for (const recycle_reading& one : readings) {
    if (limits_.max_rss_hard != 0 && one.rss >= limits_.max_rss_hard) too_much = &one;
    wait = std::min(wait, time_left(one, now));
    const auto found = seen_.find(one.worker);
    const time_point not_before = found == seen_.end() ? time_point{} : found->second.not_before;
    next[one.worker] = {one.requests, one.rss, now, not_before};
    const double worn = wear(one, now);
    if (worn < most || now < not_before) continue;
    most = worn;
    worst = &one;
  }
  seen_ = std::move(next);
  next_look_ = now + wait;
  if (too_much != nullptr)
    return order{too_much->worker,
                 mebibytes(too_much->rss) + " resident of at most " + mebibytes(limits_.max_rss_hard), true};
  if (worst == nullptr || !may) return std::nullopt;
  seen_[worst->worker].not_before = now + second_try;
  return order{worst->worker, words(*worst, now)};
}

}  // namespace cluster::policy
