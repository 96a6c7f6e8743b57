// SPDX-License-Identifier: BSL-1.0
// Which workers are found to be hung, and which never.
#include "policy/watchdog.hpp"

#include "support/catch.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace cluster;
using namespace cluster::policy;
using namespace std::chrono_literals;

namespace {

using condition = thread_view::condition;
using nanoseconds = std::chrono::nanoseconds;

/// Event loops as the machine treats them, in steps of 10 ms.
class machine {
 public:
  enum class doing {
    turning,   ///< idle or serving: shows its signs
    sleeping,  ///< in a handler that waits for good
    spinning,  ///< in a handler that has a CPU
    starving,  ///< wants a CPU and gets one per cent of it
    stopped
  };

  explicit machine(std::chrono::milliseconds limit) : limit_(limit), dog_(limit) {}

  void add(std::uint64_t id) {
    loops_[id] = {};
    dog_.watch({id});
  }
  void now_is(std::uint64_t id, doing what) { loops_[id].what = what; }
  void end(std::uint64_t id) {
    loops_.erase(id);
    dog_.forget({id});
  }
  void hide_threads() { visible_ = false; }

  /// Lets time pass; returns what was found, each with the time since the start in tenths of seconds:
  /// "silent 1 @52 hung 1 @102".
  std::string pass(std::chrono::milliseconds span) {
    std::string found;
    for (const auto end = now_ + span; now_ < end;) {
      now_ += step;
      for (auto& [id, loop] : loops_) live(loop);
      if (supervisor_stopped_ || !dog_.next_round() || now_ < *dog_.next_round()) continue;
      ++rounds_;
      const auto readings = read();
      for (const watch_finding& each : dog_.round(readings, suspended_, now_)) {
        if (!found.empty()) found += ' ';
        found += word(each.what) + " " + std::to_string(each.worker.value) + " @" +
                 std::to_string((now_ - start_) / 100ms);
      }
    }
    return found;
  }
  void supervisor_stops(bool yes) { supervisor_stopped_ = yes; }
  /// The machine sleeps: clocks that count suspended time go on, the others stand still.
  void suspend(nanoseconds span) { suspended_ += span; }
  void restart_clock() { start_ = now_; }

  std::size_t looks() const { return looks_; }
  std::size_t rounds() const { return rounds_; }
  const watchdog& dog() const { return dog_; }

 private:
  static constexpr auto step = 10ms;
  struct loop_life {
    doing what = doing::turning;
    time_point sign;
    nanoseconds ran{0};
    nanoseconds waited{0};
    nanoseconds unbooked{0};  ///< waiting that the kernel books when the thread runs again
  };

  void live(loop_life& one) {
    switch (one.what) {
      case doing::turning:
        if (now_ - one.sign >= watchdog::interval_for(limit_)) one.sign = now_;
        one.ran += step / 100;
        break;
      case doing::sleeping: break;
      case doing::spinning: one.ran += step; break;
      case doing::starving:
        one.ran += step / 100;
        one.unbooked += step - step / 100;
        if (one.unbooked > 200ms) one.waited += std::exchange(one.unbooked, 0ns);
        break;
      case doing::stopped: break;
    }
  }

  std::vector<loop_reading> read() {
    std::vector<loop_reading> all;
    for (const auto& [id, loop] : loops_) {
      if (loop.sign == time_point{}) continue;
      loop_reading one{{id}, 0, loop.sign, {}};
      if (dog_.suspects(one, now_)) {
        ++looks_;
        if (visible_) one.thread = {view(loop.what), loop.ran, loop.waited};
      }
      all.push_back(one);
    }
    return all;
  }

  static condition view(doing what) {
    switch (what) {
      case doing::turning:
      case doing::sleeping: return condition::asleep;
      case doing::spinning:
      case doing::starving: return condition::runnable;
      case doing::stopped: return condition::stopped;
    }
    return condition::asleep;
  }

  static std::string word(watch_finding::kind what) {
    switch (what) {
      case watch_finding::kind::silent: return "silent";
      case watch_finding::kind::hung: return "hung";
      case watch_finding::kind::stopped: return "stopped";
      case watch_finding::kind::recovered: return "recovered";
    }
    return "?";
  }

  std::chrono::milliseconds limit_;
  watchdog dog_;
  time_point now_{24h};
  time_point start_{24h};
  std::map<std::uint64_t, loop_life> loops_;
  nanoseconds suspended_{3h};
  bool supervisor_stopped_ = false;
  bool visible_ = true;
  std::size_t looks_ = 0;
  std::size_t rounds_ = 0;
};

using doing = machine::doing;

/// The moment of a finding in seconds.
double moment(const std::string& found, const std::string& which) {
  const auto at = found.find(which);
  INFO(found);
  REQUIRE(at != std::string::npos);
  return std::stod(found.substr(found.find('@', at) + 1)) / 10;
}

std::size_t occurrences(const std::string& found, const std::string& what) {
  std::size_t count = 0;
  for (auto at = found.find(what); at != found.npos; at = found.find(what, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("loops that turn are never suspected, and nothing else is looked at", "[watchdog]") {
  machine it{10s};
  for (std::uint64_t id = 1; id <= 4; ++id) it.add(id);
  CHECK(it.pass(60s) == "");
  CHECK(it.looks() == 0);
  CHECK(it.rounds() < 60 * 7);  // twice an interval at most, for all workers together
}

TEST_CASE("a hang is found between the limit and the limit and a second", "[watchdog]") {
  const auto how = GENERATE(doing::sleeping, doing::spinning);
  const auto limit = GENERATE(500ms, 1000ms, 10000ms, 30000ms);
  const auto offset = GENERATE(0ms, 130ms, 290ms);  // within the interval of signs
  machine it{limit};
  it.add(1);
  it.add(2);
  REQUIRE(it.pass(3s + offset) == "");
  it.restart_clock();
  it.now_is(2, how);
  const std::string found = it.pass(limit + 1s);
  INFO(found);
  const double seconds = std::chrono::duration<double>(limit).count();
  CHECK(found.starts_with("silent 2 @"));
  CHECK(moment(found, "hung 2") >= seconds);
  CHECK(moment(found, "hung 2") <= seconds + 1);
  CHECK(occurrences(found, "1 @") == occurrences(found, "hung 1 @"));
}

TEST_CASE("who waits for a CPU is never hung", "[watchdog]") {
  machine it{1s};
  it.add(1);
  it.add(2);
  it.pass(2s);
  it.now_is(1, doing::starving);
  it.now_is(2, doing::starving);
  CHECK(it.pass(60s) == "");
  it.now_is(1, doing::turning);
  CHECK(it.pass(10s) == "");
}

TEST_CASE("who was stopped for a moment is never hung", "[watchdog]") {
  machine it{1s};
  it.add(1);
  it.add(2);
  it.pass(2s);
  it.now_is(1, doing::stopped);
  CHECK(it.pass(2900ms) == "");
  it.now_is(1, doing::turning);
  CHECK(it.pass(5s) == "");
}

TEST_CASE("who is stopped for three times the limit is replaced, but not if all are", "[watchdog]") {
  machine it{1s};
  it.add(1);
  it.add(2);
  it.pass(2s);
  it.restart_clock();
  SECTION("one") {
    it.now_is(1, doing::stopped);
    const std::string found = it.pass(10s);
    CHECK(occurrences(found, "stopped") == 1);
    CHECK(occurrences(found, "hung") == 0);
    CHECK(moment(found, "stopped 1") >= 3);
    CHECK(moment(found, "stopped 1") <= 4);
    it.now_is(1, doing::turning);
    CHECK(it.pass(1s).starts_with("recovered 1"));
  }
  SECTION("all: one at a time at the most") {
    it.now_is(1, doing::stopped);
    it.now_is(2, doing::stopped);
    CHECK(occurrences(it.pass(60s), "stopped") <= 1);
  }
}

TEST_CASE("what the watcher missed it does not count", "[watchdog]") {
  machine it{1s};
  it.add(1);
  it.add(2);
  it.pass(2s);
  // Everything stands, the supervisor included, then all goes on.
  it.now_is(1, doing::sleeping);  // as a frozen task looks
  it.now_is(2, doing::sleeping);
  it.supervisor_stops(true);
  CHECK(it.pass(30s) == "");
  it.supervisor_stops(false);
  CHECK(it.pass(100ms) == "");
  it.now_is(1, doing::turning);
  it.now_is(2, doing::turning);
  CHECK(it.pass(10s) == "");
}

TEST_CASE("after the machine was suspended the time starts afresh", "[watchdog]") {
  machine it{1s};
  it.add(1);
  it.add(2);
  it.pass(2s);
  it.now_is(1, doing::sleeping);
  REQUIRE(it.pass(1200ms).find("hung") == std::string::npos);
  it.suspend(1h);
  it.restart_clock();
  const std::string found = it.pass(2s);
  CHECK(moment(found, "hung 1") >= 0.9);
}

TEST_CASE("without a look at the thread nobody is blamed", "[watchdog]") {
  machine it{1s};
  it.add(1);
  it.hide_threads();
  it.pass(2s);
  it.now_is(1, doing::sleeping);
  CHECK(it.pass(60s) == "");
}

TEST_CASE("one at a time, unless all stand", "[watchdog]") {
  machine it{1s};
  for (std::uint64_t id = 1; id <= 3; ++id) it.add(id);
  it.pass(2s);
  it.now_is(1, doing::sleeping);
  it.now_is(2, doing::spinning);
  SECTION("two of three") {
    std::string found = it.pass(5s);
    CHECK(occurrences(found, "hung") == 1);
    const std::uint64_t first = found.find("hung 1") != found.npos ? 1 : 2;
    it.end(first);  // it was replaced
    CHECK(it.pass(1s).find("hung " + std::to_string(3 - first)) != std::string::npos);
  }
  SECTION("the first one recovers") {
    const std::string found = it.pass(5s);
    const std::uint64_t first = found.find("hung 1") != found.npos ? 1 : 2;
    it.now_is(first, doing::turning);
    const std::string then = it.pass(2s);
    CHECK(then.find("recovered " + std::to_string(first)) != std::string::npos);
    CHECK(then.find("hung " + std::to_string(3 - first)) != std::string::npos);
  }
  SECTION("all") {
    it.now_is(3, doing::sleeping);
    CHECK(occurrences(it.pass(5s), "hung") == 3);
  }
}

TEST_CASE("a warning is repeated for a new silence only", "[watchdog]") {
  machine it{2s};
  it.add(1);
  it.pass(3s);
  it.now_is(1, doing::sleeping);
  CHECK(occurrences(it.pass(2s), "silent 1") == 1);
  it.now_is(1, doing::turning);
  CHECK(it.pass(2s) == "");
  it.now_is(1, doing::sleeping);
  CHECK(occurrences(it.pass(2s), "silent 1") == 1);
}

TEST_CASE("one loop of several that stands is enough", "[watchdog]") {
  watchdog dog{1s};
  dog.watch({1});
  time_point now{24h};
  time_point turning = now;
  const time_point standing = now;
  bool hung = false;
  for (int i = 0; i < 300 && !hung; ++i, now += 10ms) {
    if (i % 20 == 0) turning = now;
    if (now < *dog.next_round()) continue;
    const thread_view asleep;
    for (const auto& found : dog.round({{{1}, 0, turning, asleep}, {{1}, 1, standing, asleep}}, 0ns, now))
      hung = hung || found.what == watch_finding::kind::hung;
  }
  CHECK(hung);
}

TEST_CASE("a sign from the future is worth no more than one from now", "[watchdog]") {
  watchdog dog{1s};
  dog.watch({1});
  time_point now{24h};
  const time_point future = now + 1h;
  bool hung = false;
  for (int i = 0; i < 300 && !hung; ++i, now += 10ms) {
    if (now < *dog.next_round()) continue;
    for (const auto& found : dog.round({{{1}, 0, future, thread_view{}}}, 0ns, now))
      hung = hung || found.what == watch_finding::kind::hung;
  }
  CHECK(hung);
}

TEST_CASE("a limit of zero finds nothing and needs no rounds", "[watchdog]") {
  watchdog dog{0s};
  dog.watch({1});
  CHECK_FALSE(dog.next_round());
  CHECK_FALSE(dog.watches({1}));
  CHECK(watchdog::interval_for(0s) == 1s);
}

TEST_CASE("who is not watched is nobody's business", "[watchdog]") {
  watchdog dog{1s};
  dog.watch({1});
  CHECK(dog.round({{{2}, 0, time_point{1h}, thread_view{}}}, 0ns, time_point{24h}).empty());
  dog.forget({1});
  CHECK_FALSE(dog.next_round());
}
