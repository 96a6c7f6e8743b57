// SPDX-License-Identifier: BSL-1.0
#include "unit/worker/supervised.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>

#include <signal.h>

using namespace cluster;
using namespace cluster::test;
using clock_type = std::chrono::steady_clock;

namespace {

struct notices {
  std::vector<error_code> errors;
  std::vector<drain_notice> seen;

  auto handler() {
    return [this](error_code ec, drain_notice notice) {
      errors.push_back(ec);
      seen.push_back(notice);
    };
  }
};

ipc::drain drain_within(std::chrono::milliseconds soft, std::chrono::milliseconds hard,
                        exit_reason reason = exit_reason::scaled_down) {
  ipc::drain what;
  what.reason = reason;
  what.soft = soft;
  what.remaining = hard;
  return what;
}

}  // namespace

TEST_CASE("a drain comes with its reason and its deadlines") {
  supervised it;
  it.self->ready();
  notices waits;
  it.self->async_wait_drain(waits.handler());
  it.run();
  CHECK(waits.seen.empty());
  const auto before = clock_type::now();
  REQUIRE_FALSE(it.channel.say(drain_within(std::chrono::seconds(10), std::chrono::seconds(30))));
  it.run();
  const auto after = clock_type::now();
  REQUIRE(waits.seen.size() == 1);
  CHECK_FALSE(waits.errors[0]);
  CHECK(waits.seen[0].reason == exit_reason::scaled_down);
  CHECK(waits.seen[0].soft_deadline >= before + std::chrono::seconds(10));
  CHECK(waits.seen[0].soft_deadline <= after + std::chrono::seconds(10));
  CHECK(waits.seen[0].hard_deadline >= before + std::chrono::seconds(30));
  CHECK(waits.seen[0].hard_deadline <= after + std::chrono::seconds(30));
  CHECK(it.self->state() == worker_state::draining);
}

TEST_CASE("a drain that came before the wait completes it at once, by way of the executor") {
  supervised it;
  REQUIRE_FALSE(it.channel.say(drain_within({}, std::chrono::seconds(5))));
  it.run();
  notices waits;
  it.self->async_wait_drain(waits.handler());
  CHECK(waits.seen.empty());
  it.run();
  REQUIRE(waits.seen.size() == 1);
  CHECK_FALSE(waits.errors[0]);
}

TEST_CASE("all waits complete with the same notice, and a second drain changes nothing") {
  supervised it;
  notices waits;
  for (int i = 0; i < 3; ++i) it.self->async_wait_drain(waits.handler());
  REQUIRE_FALSE(it.channel.say(drain_within({}, std::chrono::seconds(5), exit_reason::replaced)));
  REQUIRE_FALSE(it.channel.say(drain_within({}, std::chrono::hours(5), exit_reason::requested)));
  it.run();
  it.self->async_wait_drain(waits.handler());
  it.run();
  REQUIRE(waits.seen.size() == 4);
  for (const drain_notice& each : waits.seen) {
    CHECK(each.reason == exit_reason::replaced);
    CHECK(each.hard_deadline == waits.seen[0].hard_deadline);
  }
}

TEST_CASE("a wait can be cancelled alone") {
  supervised it;
  notices cancelled;
  notices waits;
  boost::asio::cancellation_signal signal;
  it.self->async_wait_drain(boost::asio::bind_cancellation_slot(signal.slot(), cancelled.handler()));
  it.self->async_wait_drain(waits.handler());
  signal.emit(boost::asio::cancellation_type::total);
  CHECK(cancelled.seen.empty());  // not from inside emit
  it.run();
  REQUIRE(cancelled.errors.size() == 1);
  CHECK(cancelled.errors[0] == boost::asio::error::operation_aborted);
  CHECK(waits.seen.empty());
  REQUIRE_FALSE(it.channel.say(drain_within({}, std::chrono::seconds(5))));
  it.run();
  CHECK(cancelled.errors.size() == 1);
  CHECK(waits.seen.size() == 1);
  signal.emit(boost::asio::cancellation_type::total);  // nothing is left to cancel
}

TEST_CASE("a worker whose supervisor is gone drains as an orphan") {
  supervised it;
  it.self->ready();
  notices waits;
  it.self->async_wait_drain(waits.handler());
  SECTION("gone") { it.channel.pair.one.reset(); }
  SECTION("or out of its mind") {
    REQUIRE_FALSE(os::send_message(it.channel.supervisor(), bytes("garbage"), {}));
  }
  const auto before = clock_type::now();
  it.run();
  REQUIRE(waits.seen.size() == 1);
  CHECK_FALSE(waits.errors[0]);
  CHECK(waits.seen[0].reason == exit_reason::orphaned);
  CHECK(waits.seen[0].hard_deadline >= before + std::chrono::seconds(30));
  it.self->done();  // with nobody to say it to
  CHECK(it.self->state() == worker_state::exited);
}

TEST_CASE("a worker may ask for its own drain, and says so once") {
  supervised it;
  it.self->ready();
  it.channel.hear_a<ipc::ready>();
  notices waits;
  it.self->async_wait_drain(waits.handler());
  it.self->request_drain();
  it.self->request_drain();
  CHECK(it.self->state() == worker_state::draining);
  it.run();
  it.channel.hear_a<ipc::draining>();
  CHECK_FALSE(it.channel.hear());
  REQUIRE(waits.seen.size() == 1);
  CHECK(waits.seen[0].reason == exit_reason::requested);
  CHECK(waits.seen[0].soft_deadline <= waits.seen[0].hard_deadline);
}

TEST_CASE("the first signal drains and the next one has its default effect") {
  const int number = GENERATE(SIGTERM, SIGINT);
  supervised it;
  notices waits;
  it.self->async_wait_drain(waits.handler());
  it.self->handle_signals();
  it.run();
  REQUIRE(::raise(number) == 0);
  it.context.restart();
  while (waits.seen.empty() && it.context.run_one_for(std::chrono::seconds(20)) != 0) {}
  REQUIRE(waits.seen.size() == 1);
  CHECK(waits.seen[0].reason == exit_reason::requested);
  it.channel.hear_a<ipc::draining>();
  for (const int each : {SIGTERM, SIGINT}) {
    struct sigaction now {};
    ::sigaction(each, nullptr, &now);
    CHECK(now.sa_handler == SIG_DFL);
  }
}
