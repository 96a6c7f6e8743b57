// SPDX-License-Identifier: BSL-1.0
#include "policy/scaler.hpp"

#include <algorithm>
#include <cmath>

namespace cluster::policy {
namespace {

std::string words(double share) {
  return "they were busy " + std::to_string(std::lround(share * 100)) + " % of the time";
}

}  // namespace

void scaler::set(scale_range range) {
  range_ = range;
  above_ = below_ = 0;
  next_look_ = {};
}

/// The mean of those that were there at the last look too; nothing if that was too long ago, or only now.
std::optional<double> scaler::share_since_last(const std::vector<load_reading>& all, time_point now) const {
  const std::chrono::nanoseconds span = now - seen_at_;
  if (span < interval / 2 || span > 3 * interval) return std::nullopt;
  double sum = 0;
  std::size_t count = 0;
  for (const load_reading& each : all) {
    const auto before = seen_.find(each.worker);
    if (before == seen_.end()) continue;
    const auto grown = std::max(each.busy - before->second, std::chrono::nanoseconds(0));
    sum += std::min(static_cast<double>(grown.count()) / static_cast<double>(span.count()), 1.0);
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / static_cast<double>(count);
}

std::optional<scaler::order> scaler::judge(double share, std::size_t target) {
  const auto now = static_cast<double>(target);
  above_ = share > high && target < range_.max ? above_ + 1 : 0;
  below_ = target > range_.min && share * now / (now - 1) < low ? below_ + 1 : 0;
  if (above_ >= looks_up) {
    above_ = 0;
    const auto wanted = static_cast<std::size_t>(std::ceil(now * share / aim));
    return order{std::min(std::max(wanted, target + 1), range_.max), words(share)};
  }
  if (below_ < looks_down) return std::nullopt;
  below_ = 0;
  return order{target - 1, words(share)};
}

std::optional<scaler::order> scaler::look(const std::vector<load_reading>& all, std::size_t target,
                                          bool settled, time_point now) {
  next_look_ = now + interval;
  const std::optional<double> share = share_since_last(all, now);
  seen_at_ = now;
  seen_.clear();
  for (const load_reading& each : all) seen_[each.worker] = each.busy;
  if (!active()) return std::nullopt;
  if (!settled || !share) above_ = below_ = 0;
  if (!settled) return std::nullopt;
  if (target < range_.min) return order{range_.min, "that is the least"};
  if (target > range_.max) return order{range_.max, "that is the most"};
  return share ? judge(*share, target) : std::nullopt;
}

}  // namespace cluster::policy
