// SPDX-License-Identifier: BSL-1.0
#include "policy/rollout.hpp"

#include <algorithm>

namespace cluster::policy {

const char* in_words(rollout_stage stage) noexcept {
  switch (stage) {
    case rollout_stage::launch: return "launch";
    case rollout_stage::start: return "start";
    case rollout_stage::soak: return "soak";
    case rollout_stage::handed_over: return "hand-over";
  }
  return "?";
}

rollout::rollout(const rollout_settings& settings, generation_id from, generation_id to, std::size_t slots,
                 time_point now)
    : settings_{settings}, from_{from}, to_{to}, since_{now}, slots_(slots) {
  // Without either nothing could ever begin.
  if (settings_.max_surge == 0 && settings_.max_unavailable == 0) settings_.max_surge = 1;
}

bool rollout::may_begin(share wanted) const {
  std::size_t taken = 0;
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    if (busy(slot) && slots_[slot].takes == wanted) ++taken;
  return taken < (wanted == share::surge ? settings_.max_surge : settings_.max_unavailable);
}

void rollout::begin(std::size_t slot, worker_id successor, worker_id predecessor, share takes) {
  slots_[slot] = {progress::starting, successor, predecessor, takes, std::nullopt};
}

rollout::task rollout::look(std::size_t slot, bool successor_ready, bool predecessor_gone, time_point now) {
  auto& found = slots_[slot];
  switch (found.at) {
    case progress::settled:
    case progress::pending:
    case progress::done: return task::none;
    case progress::starting:
      if (!successor_ready) return task::none;
      found.at = progress::soaking;
      found.soaked_at = after(now, settings_.soak);
      return look(slot, successor_ready, predecessor_gone, now);
    case progress::soaking:
      // Not ready any more: it is about to end, and its end tells why.
      if (!successor_ready) found.soaked_at.reset();
      if (!found.soaked_at || now < *found.soaked_at) return task::none;
      found.at = progress::handed_over;
      found.soaked_at.reset();
      return task::hand_over;
    case progress::handed_over:
      if (!predecessor_gone) return task::none;
      found.at = progress::done;
      // The way back is not for watching: it is over as soon as can be.
      if (way_ == direction::forward && settings_.pause.count() != 0)
        pause_until_ = after(now, settings_.pause);
      return task::complete;
  }
  return task::none;
}

void rollout::fail(rollout_stage stage, const std::string& reason) {
  if (broken_) return;
  broken_ = true;
  switch (way_) {
    case direction::forward:
      stage_ = stage;
      reason_ = reason;
      return;
    case direction::back:
      if (aborted_) stage_ = stage;
      aborted_ = false;
      reason_ += "; going back failed too, at " + std::string{in_words(stage)} + ": " + reason;
      return;
  }
}

bool rollout::abort() {
  if (broken_ || way_ == direction::back) return false;
  broken_ = true;
  aborted_ = true;
  reason_ = "it was aborted on request";
  return true;
}

bool rollout::goes_back(std::size_t slots_replaced) const noexcept {
  return way_ == direction::forward && slots_replaced != 0 && (settings_.rollback || aborted_);
}

void rollout::turn_back(const std::vector<bool>& replaced) {
  way_ = direction::back;
  broken_ = false;
  done_before_ = 0;
  pause_until_.reset();
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    slots_[slot] = {};
    if (replaced[slot]) ++done_before_;
    else slots_[slot].at = progress::settled;
  }
}

bool rollout::finished() const { return count(progress::done) + count(progress::settled) == slots_.size(); }

rollout_report rollout::report(std::size_t slots_replaced, time_point now) const {
  using outcome = rollout_report::outcome;
  rollout_report result;
  const bool went_back = way_ == direction::back && !broken_;
  if (aborted_) result.how = outcome::aborted;
  else if (went_back) result.how = outcome::rolled_back;
  else result.how = broken_ ? outcome::failed : outcome::completed;
  result.from = from_;
  result.to = to_;
  result.slots_total = slots_.size();
  result.slots_done = went_back ? done_before_ : slots_replaced;
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(now - since_);
  result.stage = stage_;
  result.reason = reason_;
  return result;
}

rollout_report rollout::cut_short(std::size_t slots_replaced, const std::string& why, time_point now) const {
  auto result = report(slots_replaced, now);
  result.how = rollout_report::outcome::aborted;
  result.slots_done = slots_replaced;
  result.reason = reason_.empty() ? why : reason_ + "; on the way back " + why;
  return result;
}

bool rollout::busy(std::size_t slot) const {
  switch (slots_[slot].at) {
    case progress::settled:
    case progress::pending:
    case progress::done: return false;
    case progress::starting:
    case progress::soaking:
    case progress::handed_over: return true;
  }
  return false;
}

std::optional<time_point> rollout::next_deadline() const {
  auto next = pause_until_;
  for (const auto& slot : slots_)
    if (slot.soaked_at && (!next || *slot.soaked_at < *next)) next = slot.soaked_at;
  return next;
}

void rollout::tick(time_point now) {
  if (pause_until_ && *pause_until_ <= now) pause_until_.reset();
}

std::size_t rollout::count(progress wanted) const {
  return static_cast<std::size_t>(std::count_if(
      slots_.begin(), slots_.end(), [wanted](const slot_progress& slot) { return slot.at == wanted; }));
}

}  // namespace cluster::policy
