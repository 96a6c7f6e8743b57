// SPDX-License-Identifier: BSL-1.0
#include "unit/os/listening.hpp"
#include "unit/worker/supervised.hpp"

#include <stdexcept>

using namespace cluster;
using namespace cluster::test;
using kind = ipc::listener_answer::kind;

namespace {

ipc::listen one_listener(std::uint64_t number) {
  listener what;
  what.name = "late";
  what.uri = "tcp://127.0.0.1:1";
  what.number = number;
  return {{what}};
}

}  // namespace

TEST_CASE("a listener that comes while the worker runs is given to the application, and told apart") {
  const std::size_t before = descriptor_count();
  {
    supervised it;
    std::vector<std::string> seen;
    it.self->on_listener_added([&](const listener& added) {
      seen.push_back("+" + added.name);
      CHECK(::fcntl(added.native_handle, F_GETFD) >= 0);
      CHECK(it.self->listeners().size() == 1);
    });
    it.self->on_listener_removed([&](const listener& gone) {
      seen.push_back("-" + gone.name);
      CHECK(::fcntl(gone.native_handle, F_GETFD) >= 0);
    });
    it.self->ready();
    it.channel.hear_a<ipc::ready>();
    REQUIRE_FALSE(it.channel.say(one_listener(7), 1));
    it.run();
    const auto answer = it.channel.hear_a<ipc::listener_answer>();
    CHECK(answer.number == 7);
    CHECK(answer.what == kind::taken);
    REQUIRE(it.self->listeners().size() == 1);
    CHECK(it.self->listeners()[0].number == 7);
    // What it has already it is not given again.
    REQUIRE_FALSE(it.channel.say(one_listener(7), 1));
    it.run();
    CHECK_FALSE(it.channel.hear());

    REQUIRE_FALSE(it.channel.say(ipc::unlisten{7}));
    it.run();
    const auto farewell = it.channel.hear_a<ipc::listener_answer>();
    CHECK(farewell.number == 7);
    CHECK(farewell.what == kind::released);
    CHECK(it.self->listeners().empty());
    CHECK(seen == std::vector<std::string>{"+late", "-late"});
    // One that it does not have is one that it has let go.
    REQUIRE_FALSE(it.channel.say(ipc::unlisten{99}));
    it.run();
    CHECK(it.channel.hear_a<ipc::listener_answer>().what == kind::released);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a listener that nobody takes up is refused and closed, and the reason is told") {
  supervised it;
  it.self->ready();
  it.channel.hear_a<ipc::ready>();
  const std::size_t before = descriptor_count();
  std::string wanted = "takes up no listeners while it runs";
  SECTION("as the application knows nothing of them") {}
  SECTION("as it throws") {
    wanted = "no certificate";
    it.self->on_listener_added([](const listener&) { throw std::runtime_error("no certificate"); });
  }
  REQUIRE_FALSE(it.channel.say(one_listener(2), 1));
  it.run();
  CHECK(it.channel.hear_a<ipc::listener_answer>().what == kind::released);
  const auto answer = it.channel.hear_a<ipc::listener_answer>();
  CHECK(answer.what == kind::refused);
  CHECK(answer.why.find(wanted) != std::string::npos);
  CHECK(it.self->listeners().empty());
  CHECK(descriptor_count() == before);
}

TEST_CASE("one that comes before the worker is ready is among those that it finds") {
  supervised it;
  REQUIRE_FALSE(it.channel.say(one_listener(2), 1));
  it.run();
  CHECK(it.channel.hear_a<ipc::listener_answer>().what == kind::taken);
  CHECK(it.self->listeners().size() == 1);
}

TEST_CASE("a worker that drains takes up nothing") {
  supervised it;
  it.self->on_listener_added([](const listener&) { FAIL("it leaves"); });
  REQUIRE_FALSE(it.channel.say(ipc::drain{}));
  REQUIRE_FALSE(it.channel.say(one_listener(2), 1));
  it.run();
  CHECK_FALSE(it.channel.hear());
  CHECK(it.self->listeners().empty());
}

TEST_CASE("async_accept takes up what comes, and gives out what waited where it accepts no more") {
  supervised it;
  std::vector<descriptor> taken;
  std::function<void()> next = [&] {
    it.self->async_accept([&](error_code ec, descriptor connection) {
      if (ec) return;
      taken.push_back(std::move(connection));
      next();
    });
  };
  next();
  it.self->ready();
  it.channel.hear_a<ipc::ready>();
  const os::listen_socket socket = open_one("127.0.0.1:0");
  ipc::listen message{{socket.description()}};
  message.listeners.front().number = 5;
  REQUIRE_FALSE(
      os::send_message(it.channel.supervisor(), encoded(message, 1), std::vector<int>{socket.fd()}));
  it.run();
  CHECK(it.channel.hear_a<ipc::listener_answer>().what == kind::taken);
  REQUIRE(connect_tcp4(socket.description().port) == 0);
  it.run();
  CHECK(taken.size() == 1);
  for (int i = 0; i < 3; ++i) REQUIRE(connect_tcp4(socket.description().port) == 0);
  REQUIRE_FALSE(it.channel.say(ipc::unlisten{5}));
  it.run();
  CHECK(taken.size() == 4);
  CHECK(it.channel.hear_a<ipc::listener_answer>().what == kind::released);
  // From here on it takes nothing from there.
  REQUIRE(connect_tcp4(socket.description().port) == 0);
  it.run();
  CHECK(taken.size() == 4);
}
