// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/fleet.hpp"

#include <string>
#include <vector>

namespace cluster::policy::test {

/// A fleet, a clock that stands still until told, and its answers as one line of words:
/// "launch 1/0, forked 1, drain 1 requested 30000, term 1, kill 1, exited 1 crashed,
/// restart_delayed s0 100, resting s0 30000, stopped, finish clean".
class scene {
 public:
  explicit scene(const fleet_settings& settings) : fleet_{settings} {}

  std::string start() { return say(fleet_.start(now)); }
  std::string adopt(const kept_state& kept, const std::vector<found_worker>& found) {
    return say(fleet_.adopt(kept, found, now));
  }
  std::string launched(std::uint64_t id) { return say(fleet_.launched({id}, now)); }
  std::string launch_failed(std::uint64_t id, std::string why) {
    return say(fleet_.launch_failed({id}, std::move(why), now));
  }
  std::string hello(std::uint64_t id) { return say(fleet_.hello({id}, now)); }
  std::string ready(std::uint64_t id) { return say(fleet_.ready({id}, now)); }
  std::string draining(std::uint64_t id) { return say(fleet_.draining({id}, now)); }
  std::string done(std::uint64_t id) { return say(fleet_.done({id}, now)); }
  std::string closed(std::uint64_t id) { return say(fleet_.channel_ended({id}, channel_end::closed, now)); }
  std::string broken(std::uint64_t id) {
    return say(fleet_.channel_ended({id}, channel_end::broken_protocol, now));
  }
  std::string exits(std::uint64_t id, int code);
  std::string dies(std::uint64_t id, int signal);
  std::string stop(stop_mode mode) { return say(fleet_.stop(mode, now)); }
  std::string scale(std::size_t workers) { return say(fleet_.scale(workers, now)); }
  std::string end(std::uint64_t id) { return say(fleet_.end_worker({id}, now)); }
  std::string silent(std::uint64_t id, std::chrono::milliseconds for_) {
    return say(fleet_.silent({id}, for_));
  }
  std::string hung(std::uint64_t id, std::chrono::milliseconds for_) {
    return say(fleet_.hung({id}, for_, {}, now));
  }
  std::string stopped(std::uint64_t id, std::chrono::milliseconds for_) {
    return say(fleet_.stopped({id}, for_, now));
  }
  std::string recycle(std::uint64_t id, const std::string& why) {
    return say(fleet_.recycle({id}, why, now));
  }
  std::string overgrown(std::uint64_t id, const std::string& why) {
    return say(fleet_.overgrown({id}, why, now));
  }
  std::string recovered(std::uint64_t id) { return say(fleet_.recovered({id})); }
  std::string reload() {
    actions out;
    fleet_.reload({}, now, out);
    return say(out);
  }
  std::string tick() { return say(fleet_.tick(now)); }

  /// Lets time pass up to the next deadline, which must be exactly `span` away, and ticks.
  std::string tick_after(std::chrono::milliseconds span);
  void pass(std::chrono::milliseconds span) { now += span; }
  bool asleep() const { return !fleet_.next_deadline().has_value(); }

  /// From its launch up to ready.
  void bring_up(std::uint64_t id);
  /// start() and all up to ready.
  void bring_up_all();

  const fleet& under_test() const { return fleet_; }
  /// The text of the last event.
  const std::string& text() const { return text_; }
  const std::vector<std::uint64_t>& heirs_of_last_drain() const { return heirs_; }
  const std::string& finish_reason() const { return finish_reason_; }

  time_point now{std::chrono::hours{24}};

 private:
  std::string say(const actions&);
  std::string say(const action&);
  std::string say(const event&);

  fleet fleet_;
  std::string text_;
  std::string finish_reason_;
  std::vector<std::uint64_t> heirs_;
};

exit_status exit_code(int code);
exit_status death(int signal);

/// No jitter, limits far away, all times different from each other.
fleet_settings calm(std::size_t workers);

}  // namespace cluster::policy::test
