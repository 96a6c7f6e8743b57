// SPDX-License-Identifier: BSL-1.0
#include "unit/worker/supervised.hpp"

#include <boost/asio/error.hpp>

using namespace cluster;
using namespace cluster::test;

TEST_CASE("a worker knows who it is") {
  supervised it;
  CHECK(it.self->id() == worker_id{17});
  CHECK(it.self->slot() == slot_id{3});
  CHECK(it.self->generation() == generation_id{2});
  CHECK(it.self->name() == "shop");
  CHECK(it.self->state() == worker_state::starting);
  CHECK(it.self->listeners().empty());
  CHECK(it.self->log().level == log_level::off);
  CHECK(&it.self->context() == &it.context);
}

TEST_CASE("a worker says ready once") {
  supervised it;
  CHECK_FALSE(it.channel.hear());
  it.self->ready();
  CHECK(it.self->state() == worker_state::ready);
  it.channel.hear_a<ipc::ready>();
  it.self->ready();
  it.run();
  CHECK_FALSE(it.channel.hear());
}

TEST_CASE("a worker that drains does not become ready any more") {
  supervised it;
  REQUIRE_FALSE(it.channel.say(ipc::drain{}));
  it.run();
  it.self->ready();
  CHECK(it.self->state() == worker_state::draining);
  CHECK_FALSE(it.channel.hear());
}

TEST_CASE("listeners are open until they are released, and closed with the worker at the latest") {
  const std::size_t before = descriptor_count();
  {
    ipc::welcome welcome = full_welcome(3);
    welcome.level = log_level::off;
    welcome.load_board = false;
    welcome.tls = 0;
    supervised it(welcome);
    REQUIRE(it.self->listeners().size() == 3);
    CHECK(it.self->listeners()[0].name == "tcp-0");
    std::vector<int> numbers;
    for (const listener& each : it.self->listeners()) {
      CHECK(::fcntl(each.native_handle, F_GETFD) >= 0);
      numbers.push_back(each.native_handle);
    }
    const bool early = GENERATE(true, false);
    if (early) {
      it.self->release_listeners();
      CHECK(it.self->listeners().empty());
      for (const int fd : numbers) CHECK(::fcntl(fd, F_GETFD) < 0);
      it.self->release_listeners();
    }
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("done is the last word") {
  supervised it;
  it.self->ready();
  it.channel.hear_a<ipc::ready>();
  it.self->handle_signals();
  it.self->count_finished(21);
  it.self->done();
  CHECK(it.self->state() == worker_state::exited);
  CHECK(it.channel.hear_a<ipc::done>().finished == 21);
  CHECK(receive(it.channel.supervisor()).ec == error::channel_closed);
  it.self->done();
  it.self->report_failure("late", "not heard any more");
  // Nothing is left that would keep the loop: run returns by itself.
  it.context.restart();
  it.context.run_for(std::chrono::seconds(20));
  CHECK(it.context.stopped());
}

TEST_CASE("a worker object that goes leaves nothing on the loop") {
  const std::size_t before = descriptor_count();
  {
    supervised it;
    it.self->handle_signals();
    error_code seen;
    it.self->async_wait_drain([&](error_code ec, drain_notice) { seen = ec; });
    it.run();
    CHECK_FALSE(seen);
    it.self.reset();
    it.context.restart();
    it.context.run_for(std::chrono::seconds(20));
    CHECK(it.context.stopped());
    CHECK(seen == boost::asio::error::operation_aborted);
    CHECK(receive(it.channel.supervisor()).ec == error::channel_closed);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("without a load board nobody is above its share") {
  supervised it;
  it.self->ready();
  it.self->publish_load(1000);
  CHECK_FALSE(it.self->above_share());
  CHECK_FALSE(it.self->has_peers());
}
