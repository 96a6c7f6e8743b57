// SPDX-License-Identifier: BSL-1.0
#include "os/statistics_page.hpp"
#include "unit/worker/supervised.hpp"

#include <unistd.h>

#include <thread>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

/// A worker with a statistics page, which the test reads as its supervisor does.
struct counted {
  os::statistics_page page;
  boost::asio::io_context context;
  marked_channel channel;
  std::optional<worker> self;

  explicit counted(std::chrono::milliseconds heartbeat) {
    REQUIRE_FALSE(page.create());
    ipc::welcome welcome = quiet_welcome();
    welcome.statistics = true;
    welcome.heartbeat = heartbeat;
    REQUIRE_FALSE(os::send_message(channel.supervisor(), encoded(welcome, 1), std::vector<int>{page.fd()}));
    self.emplace(context);
    static_cast<void>(channel.pair.other.release());
  }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;

  /// Runs the loop until a loop's sign differs from `old`.
  bool new_sign(std::size_t loop, std::uint64_t old) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (page.last_beat(loop).at == old && std::chrono::steady_clock::now() < deadline) {
      context.restart();
      context.run_one_for(10ms);
    }
    return page.last_beat(loop).at != old;
  }
};

}  // namespace

TEST_CASE("what a worker publishes stands in its page", "[statistics]") {
  counted worker(0ms);
  worker.self->publish_traffic({.connections = 2, .accepted = 3, .requests = 40});
  worker.self->publish_latency(5ms, 40);
  CHECK(worker.page.read().connections == 2);
  CHECK(worker.page.read().requests == 40);
  CHECK(worker.page.read().latency.count() == 40);
}

TEST_CASE("a loop that turns shows it again and again", "[statistics]") {
  counted worker(5ms);
  REQUIRE(worker.new_sign(0, 0));
  CHECK(worker.page.last_beat(0).thread == ::gettid());
  CHECK(worker.new_sign(0, worker.page.last_beat(0).at));
  CHECK(worker.new_sign(0, worker.page.last_beat(0).at));
}

TEST_CASE("the first sign is at ready at the latest", "[statistics]") {
  counted worker(1h);
  worker.self->ready();
  CHECK(worker.page.last_beat(0).at != 0);
}

TEST_CASE("a loop that is watched besides shows signs of its own", "[statistics]") {
  counted worker(5ms);
  boost::asio::io_context other;
  worker.self->watch(other.get_executor());
  std::thread second([&] { other.run(); });  // returns when the worker is done with it
  REQUIRE(worker.new_sign(0, 0));
  REQUIRE(worker.new_sign(1, 0));
  CHECK(worker.page.last_beat(1).thread != ::gettid());
  CHECK(worker.new_sign(1, worker.page.last_beat(1).at));
  for (int i = 0; i < 20; ++i) worker.self->watch(other.get_executor());  // too many are left out
  worker.self->done();
  second.join();
}

TEST_CASE("signs of life do not keep a context running after done", "[statistics]") {
  counted worker(1h);
  worker.self->ready();
  worker.self->done();
  worker.context.restart();
  worker.context.run_for(10s);
  CHECK(worker.context.stopped());
}

TEST_CASE("without a page nothing is counted and nothing beats", "[statistics]") {
  supervised quiet;
  quiet.self->publish_traffic({.requests = 1});
  quiet.self->publish_latency(1ms);
  boost::asio::io_context other;
  quiet.self->watch(other.get_executor());
  CHECK(other.poll() == 0);
}
