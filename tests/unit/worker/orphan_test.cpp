// SPDX-License-Identifier: BSL-1.0
// A worker whose supervisor is gone, and the next supervisor in the test's hand.
#include "os/rendezvous.hpp"
#include "os/statistics_page.hpp"
#include "unit/worker/supervised.hpp"

#include <boost/asio/error.hpp>

#include <filesystem>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

ipc::welcome with_home(const std::string& path, std::chrono::milliseconds timeout = 1h) {
  ipc::welcome welcome = quiet_welcome();
  welcome.rendezvous = path;
  welcome.orphan_timeout = timeout;
  return welcome;
}

/// Runs the worker's loop until it has called.
bool called(supervised& worker, os::rendezvous& at, os::caller& found) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < deadline) {
    worker.context.restart();
    worker.context.run_one_for(20ms);
    if (!at.accept(found)) return true;
  }
  return false;
}

template <class Body>
std::optional<Body> hear(const os::caller& from) {
  const arrived message = receive(from.socket.get());
  ipc::decoded result;
  if (message.ec || ipc::decode(bytes(message.text), result) || !std::holds_alternative<Body>(result.what))
    return std::nullopt;
  return std::get<Body>(result.what);
}

void say(const os::caller& to, const ipc::message& what) {
  REQUIRE_FALSE(os::send_message(to.socket.get(), encoded(what), {}));
}

}  // namespace

TEST_CASE("an orphan serves on, and says who it is when it finds the next supervisor") {
  const scratch_folder folder;
  supervised worker(with_home(folder / "home"));
  worker.self->ready();
  worker.channel.pair.one.reset();
  worker.context.run_for(150ms);
  CHECK(worker.self->state() == worker_state::ready);
  os::rendezvous at;
  REQUIRE_FALSE(at.open(folder / "home", static_cast<uid_t>(-1)));
  os::caller next;
  REQUIRE(called(worker, at, next));
  const auto report = hear<ipc::report>(next);
  REQUIRE(report);
  CHECK(report->worker == worker_id{17});
  CHECK(report->slot == slot_id{3});
  CHECK(report->generation == generation_id{2});
  CHECK(report->name == "shop");
  CHECK(report->state == worker_state::ready);
  say(next, ipc::adopted{30s, 300ms, 1h});
  worker.run();
  // From here on the new one is its supervisor.
  say(next, ipc::drain{exit_reason::replaced, 1s, 2s});
  std::optional<exit_reason> reason;
  worker.self->async_wait_drain([&](error_code, const drain_notice& notice) { reason = notice.reason; });
  worker.run();
  CHECK(reason == exit_reason::replaced);
  worker.self->done();
  CHECK(hear<ipc::done>(next));
}

TEST_CASE("an orphan that is not adopted calls again, and adopted ones may be orphaned again") {
  const scratch_folder folder;
  supervised worker(with_home(folder / "home"));
  worker.self->ready();
  worker.channel.pair.one.reset();
  os::rendezvous at;
  REQUIRE_FALSE(at.open(folder / "home", static_cast<uid_t>(-1)));
  os::caller next;
  REQUIRE(called(worker, at, next));
  next = {};  // hung up
  REQUIRE(called(worker, at, next));
  CHECK(hear<ipc::report>(next));
  say(next, ipc::adopted{30s, 300ms, 1h});
  worker.run();
  next = {};
  REQUIRE(called(worker, at, next));
  CHECK(hear<ipc::report>(next)->state == worker_state::ready);
}

TEST_CASE("the terms of the new supervisor hold") {
  const scratch_folder folder;
  os::statistics_page page;
  REQUIRE_FALSE(page.create());
  ipc::welcome welcome = with_home(folder / "home");
  welcome.statistics = true;
  welcome.heartbeat = 1h;
  boost::asio::io_context context;
  marked_channel channel;
  REQUIRE_FALSE(os::send_message(channel.supervisor(), encoded(welcome, 1), std::vector<int>{page.fd()}));
  worker self(context);
  static_cast<void>(channel.pair.other.release());
  self.ready();
  context.run_for(20ms);
  const std::uint64_t before = page.last_beat(0).at;
  REQUIRE(before != 0);
  channel.pair.one.reset();
  os::rendezvous at;
  REQUIRE_FALSE(at.open(folder / "home", static_cast<uid_t>(-1)));
  os::caller next;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (at.accept(next) && std::chrono::steady_clock::now() < deadline) context.run_one_for(20ms);
  REQUIRE(next.pid == ::getpid());
  CHECK(page.last_beat(0).at == before);
  say(next, ipc::adopted{1s, 5ms, 1h});
  while (page.last_beat(0).at == before && std::chrono::steady_clock::now() < deadline)
    context.run_one_for(20ms);
  const std::uint64_t first = page.last_beat(0).at;
  while (page.last_beat(0).at == first && std::chrono::steady_clock::now() < deadline)
    context.run_one_for(20ms);
  CHECK(page.last_beat(0).at > first);
}

TEST_CASE("an orphan that nobody finds drains when its time is over, and calls no more") {
  const scratch_folder folder;
  supervised worker(with_home(folder / "home", 50ms));
  worker.self->ready();
  std::optional<exit_reason> reason;
  worker.self->async_wait_drain([&](error_code, const drain_notice& notice) { reason = notice.reason; });
  worker.channel.pair.one.reset();
  worker.context.restart();
  worker.context.run_for(10s);  // returns as soon as nothing is left to do
  CHECK(reason == exit_reason::orphaned);
  CHECK(worker.self->state() == worker_state::draining);
  CHECK(worker.context.stopped());
}

TEST_CASE("an orphan that is sent away drains at once") {
  const scratch_folder folder;
  supervised worker(with_home(folder / "home"));
  worker.self->ready();
  worker.channel.pair.one.reset();
  os::rendezvous at;
  REQUIRE_FALSE(at.open(folder / "home", static_cast<uid_t>(-1)));
  os::caller next;
  REQUIRE(called(worker, at, next));
  say(next, ipc::drain{exit_reason::orphaned, 0s, 2s});
  next = {};
  std::optional<exit_reason> reason;
  worker.self->async_wait_drain([&](error_code, const drain_notice& notice) { reason = notice.reason; });
  worker.context.restart();
  worker.context.run_for(10s);
  CHECK(reason == exit_reason::orphaned);
  CHECK(worker.context.stopped());
}

TEST_CASE("a worker that is done looks for nobody") {
  const scratch_folder folder;
  supervised worker(with_home(folder / "home"));
  worker.self->ready();
  worker.channel.pair.one.reset();
  worker.context.restart();
  worker.context.run_for(50ms);
  worker.self->done();
  worker.context.restart();
  worker.context.run_for(10s);
  CHECK(worker.context.stopped());
}
