// SPDX-License-Identifier: BSL-1.0
// A successor that dies at each stage of the hand-off: it speaks the protocol by hand, so the moment is
// exact. What it has not acknowledged is not lost.
#include "ipc/environment.hpp"
#include "ipc/message.hpp"
#include "os/message_socket.hpp"
#include "support/role.hpp"
#include "workbench.hpp"

#include <poll.h>
#include <signal.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <random>

using namespace cluster::test;
using namespace std::chrono_literals;
using manner = strict_load::manner;

namespace {

namespace ipc = cluster::ipc;
namespace os = cluster::os;

struct incoming {
  ipc::message what;
  std::vector<os::unique_fd> descriptors;
};

[[noreturn]] void die() {
  ::raise(SIGKILL);
  std::abort();
}

// Waits for the next message; nobody left to speak ends this process as it would any worker.
incoming receive(int socket) {
  for (;;) {
    pollfd readable{socket, POLLIN, 0};
    if (::poll(&readable, 1, 20'000) != 1) std::_Exit(97);
    std::array<std::byte, ipc::max_message_size> buffer;
    os::received_message got;
    const auto ec = os::receive_message(socket, buffer, got);
    if (ec == boost::system::errc::operation_would_block) continue;
    if (ec) std::_Exit(96);
    ipc::decoded decoded;
    if (ipc::decode(std::span(buffer).first(got.size), decoded)) std::_Exit(95);
    if (decoded.known) return {std::move(decoded.what), std::move(got.descriptors)};
  }
}

void send(int socket, const ipc::message& what) {
  std::vector<std::byte> data;
  ipc::encode(what, 0, data);
  if (os::send_message(socket, data, {})) std::_Exit(94);
}

// argv[1]: hello, welcome, ready, line, offer, offers, declined.
int dying_heir(int argc, char** argv) {
  const std::string stage = argc > 1 ? argv[1] : "";
  const int channel = ipc::channel_descriptor;
  if (stage == "hello") die();
  ipc::hello hello;
  hello.worker = {std::strtoull(std::getenv("CLUSTER_WORKER_ID"), nullptr, 10)};
  send(channel, hello);
  if (!std::holds_alternative<ipc::welcome>(receive(channel).what)) return 93;
  if (stage == "welcome") die();
  send(channel, ipc::ready{});
  if (stage == "ready") die();
  std::optional<os::unique_fd> line;
  while (!line) {
    incoming got = receive(channel);
    if (std::holds_alternative<ipc::adopt>(got.what)) line.emplace(std::move(got.descriptors.at(0)));
  }
  if (stage == "line") die();
  const incoming first = receive(line->get());
  if (stage == "offer") die();
  if (stage == "declined") {
    send(line->get(), ipc::declined{std::get<ipc::offer>(first.what).number});
    die();
  }
  std::vector<incoming> held;  // unread, unanswered
  std::size_t connections = first.descriptors.size();
  while (connections < 30) connections += held.emplace_back(receive(line->get())).descriptors.size();
  die();
}
const role as_dying_heir{"dying-heir", dying_heir};

}  // namespace

TEST_CASE("a successor that dies at any stage of the hand-off takes nothing along", "[reload]") {
  const std::string stage =
      GENERATE(as<std::string>{}, "hello", "welcome", "ready", "line", "offer", "offers", "declined");
  const unsigned workers = GENERATE(1U, 2U);
  INFO("dies at " << stage << ", workers: " << workers);
  deployment app;
  program cluster(workbench(app.path(), {"--workers", std::to_string(workers)}));
  cluster.wait_ready(workers);
  idle_connections idle = settle(cluster.port(), 100);
  const std::uint64_t seed = std::random_device{}();
  // More than one worker: others serve meanwhile, so even fresh connections may not notice.
  strict_load clients(cluster.port(), seed,
                      {{manner::busy, 1}, {manner::paced, 2}, {manner::holder, 4}, {manner::pipelined, 1}});
  clients.wait_for_more(50);
  app.replace_by_script("#!/bin/sh\nexec '" + std::filesystem::read_symlink("/proc/self/exe").string() +
                        "' --role dying-heir " + stage + "\n");
  cluster.signal(SIGHUP);
  cluster.wait_for(" at stage ");
  cluster.wait_for("signal 9");
  clients.wait_for_more(50);
  const strict_load::result seen = clients.finish();
  INFO("seed " << seed << ": " << seen.words() << "\n" << cluster.output());
  CHECK(seen.lost() == 0);
  for (const auto& each : idle) {
    const answer got = each->get("/whoami");
    INFO(got.problem);
    REQUIRE(got.status == 200);
  }
  idle.clear();
  // One that had begun to drain leaves when its next successor is there.
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (living(cluster).size() != workers && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(5ms);
  CHECK(living(cluster).size() == workers);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
