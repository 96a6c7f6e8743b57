// SPDX-License-Identifier: BSL-1.0
#include "ipc/requests.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <string>
#include <vector>

using namespace cluster;
using namespace std::chrono_literals;

namespace {

struct asker {
  boost::asio::io_context context;
  ipc::requests open{context.get_executor()};
  std::vector<std::string> seen;

  std::uint64_t ask(std::uint64_t of, std::chrono::milliseconds timeout, const std::string& name) {
    return open.add({of}, timeout, [this, name](error_code ec, const message& answer) {
      seen.push_back(name + ": " + (ec ? ec.message() : answer.data));
    });
  }
  void poll() {
    context.restart();
    context.poll();
  }
};

}  // namespace

TEST_CASE("an answer completes its request, once, and only from who was asked", "[requests]") {
  asker it;
  const auto a = it.ask(1, 10s, "a");
  const auto b = it.ask(2, 10s, "b");
  CHECK(a != b);
  CHECK_FALSE(it.open.settle(a, {2}, {}, {"forged", {}}));
  CHECK_FALSE(it.open.settle(99, {1}, {}, {}));
  CHECK(it.open.settle(b, {2}, {}, {"two", {}}));
  CHECK(it.seen.empty());  // never from inside
  CHECK(it.open.settle(a, {1}, {}, {"one", {}}));
  CHECK_FALSE(it.open.settle(a, {1}, {}, {"again", {}}));
  it.poll();
  CHECK(it.seen == std::vector<std::string>{"b: two", "a: one"});
  CHECK(it.open.size() == 0);
  it.context.restart();
  CHECK(it.context.run() == 0);  // no timer is left that would keep the context running
}

TEST_CASE("each request has its own deadline", "[requests]") {
  asker it;
  it.ask(1, 60ms, "late");
  it.ask(1, 5ms, "early");
  it.ask(1, 10min, "never");
  while (it.seen.size() < 2) it.context.run_one();
  const std::string over = ": " + make_error_code(error::timed_out).message();
  CHECK(it.seen == std::vector<std::string>{"early" + over, "late" + over});
  CHECK(it.open.size() == 1);
}

TEST_CASE("who is gone answers nothing any more", "[requests]") {
  asker it;
  it.ask(1, 10s, "a");
  it.ask(2, 10s, "b");
  it.ask(1, 10s, "c");
  it.open.fail({1}, make_error_code(error::worker_unavailable));
  it.poll();
  CHECK(it.seen.size() == 2);
  CHECK(it.open.size() == 1);
  it.open.fail_all(make_error_code(error::channel_closed));
  it.poll();
  REQUIRE(it.seen.size() == 3);
  CHECK(it.seen[2] == "b: " + make_error_code(error::channel_closed).message());
}

TEST_CASE("the number of open requests is bounded", "[requests]") {
  asker it;
  for (std::size_t i = 0; i < ipc::requests::most; ++i) REQUIRE(it.ask(1, 10min, "x") != 0);
  CHECK(it.ask(1, 10min, "one too many") == 0);
  it.poll();
  REQUIRE(it.seen.size() == 1);
  CHECK(it.seen[0] == "one too many: " + make_error_code(error::queue_full).message());
}
