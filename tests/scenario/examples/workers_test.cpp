// SPDX-License-Identifier: BSL-1.0
// The examples without HTTP, the classic one, and the one with rooms.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <set>
#include <stdexcept>

using namespace cluster::test;

namespace {

program_settings example(const std::string& name, std::vector<std::string> arguments) {
  return {CLUSTER_TEST_BINARY_DIR "/examples/" + name, std::move(arguments), {}, {}};
}

void stop(program& cluster) {
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

std::uint16_t port_in(const std::string& line) {
  return static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
}

/// One datagram and its answer; empty if none came within a second.
std::string ask_by_datagram(int socket, std::uint16_t port, const std::string& text) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::sendto(socket, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  char buffer[256];
  const ssize_t size = ::recv(socket, buffer, sizeof buffer, 0);
  return size < 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(size));
}

std::string masked(const std::string& text) {
  return "\x81" + std::string(1, static_cast<char>(0x80U | text.size())) + std::string(4, '\0') + text;
}

}  // namespace

TEST_CASE("a protocol of one's own, under each schedule and over a reload", "[examples]") {
  const std::string schedule = GENERATE(as<std::string>{}, "shared", "round-robin", "reuse-port");
  program cluster(
      example("07_raw_tcp", {"--listen", "127.0.0.1:0", "--workers", "2", "--schedule", schedule}));
  cluster.wait_ready(2);
  connection old(cluster.port());
  REQUIRE(old.send("one\n"));
  const std::string home = old.read_until(": one\n").substr(0, 1);
  {
    std::vector<std::unique_ptr<connection>> held;
    std::set<std::string> names;
    for (int i = 0; i < 40; ++i) {
      held.push_back(std::make_unique<connection>(cluster.port()));
      REQUIRE(held.back()->send("hello\n"));
      names.insert(held.back()->read_until(": hello\n"));
    }
    CHECK(names == std::set<std::string>{"1: hello\n", "2: hello\n"});
  }
  cluster.signal(SIGHUP);
  for (const auto& each : cluster.ready_workers())
    if (std::to_string(each.id) == home)
      cluster.wait_for("worker " + home + " (slot " + std::to_string(each.slot) + ", pid " +
                       std::to_string(each.pid) + ") drains");
  // Its worker goes on answering until it knows that it drains; that answer is the last one.
  int answered = 0;
  try {
    for (; answered < 1000 && old.send("two\n"); ++answered) old.read_until(": two\n");
  } catch (const std::runtime_error&) {}
  CHECK((answered > 0 && answered < 1000));
  cluster.wait_for("reload completed: 2 of 2 slots");
  auto fresh = std::make_unique<connection>(cluster.port());
  REQUIRE(fresh->send("hello\n"));
  CHECK(fresh->read_until(": hello\n") >= "3");
  fresh.reset();  // or the drain would wait for it
  stop(cluster);
}

TEST_CASE("jobs without a listener: each is done once, also when a worker dies", "[examples]") {
  program cluster(example("08_job_worker", {"--workers", "3", "--", "3000"}));
  cluster.wait_ready(3);
  ::kill(cluster.ready_workers().front().pid, SIGKILL);
  CHECK(cluster.wait_exit().code == 0);
  CHECK(cluster.count("squared is") == 3000);
  CHECK(cluster.output().find("\n3000 squared is 9000000, says worker") != std::string::npos);
}

TEST_CASE("the classic: a worker chosen by chance answers by message", "[examples]") {
  program cluster(example("09_forked_server", {"0"}));
  const std::uint16_t port = port_in(cluster.wait_for("listening on"));
  std::set<std::string> bodies;
  for (int i = 0; i < 200 && bodies.size() < 4; ++i) {
    const answer got = get(port, "/tea");
    if (got.status == 200) bodies.insert(got.body);
  }
  CHECK(bodies.size() == 4);
  CHECK(bodies.count("worker 1 answers for /tea\n") == 1);
  stop(cluster);
}

TEST_CASE("datagrams: one socket for all, or one a slot; none is lost over a reload", "[examples]") {
  const bool per_slot = GENERATE(false, true);
  std::vector<std::string> arguments{"--workers", "4", "--", "0"};
  if (per_slot) arguments.emplace_back("per-slot");
  program cluster(example("11_udp", arguments));
  const std::uint16_t port = port_in(cluster.wait_for("datagrams to"));
  cluster.wait_ready(4);
  const auto socket_of = [] {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const timeval limit{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return fd;
  };
  std::map<int, std::string> home;
  std::set<std::string> workers;
  for (int i = 0; i < 24; ++i) {
    const int fd = socket_of();
    home[fd] = ask_by_datagram(fd, port, "hello");
    workers.insert(home[fd]);
    REQUIRE(home[fd].ends_with(": hello"));
    if (per_slot) CHECK(ask_by_datagram(fd, port, "hello") == home[fd]);
  }
  if (per_slot) CHECK(workers.size() > 1);
  cluster.signal(SIGHUP);
  for (const auto& [fd, worker] : home) CHECK(ask_by_datagram(fd, port, "again").ends_with(": again"));
  cluster.wait_for("reload completed: 4 of 4 slots");
  for (const auto& [fd, worker] : home) {
    CHECK(ask_by_datagram(fd, port, "then").ends_with(": then"));
    ::close(fd);
  }
  stop(cluster);
}

TEST_CASE("rooms: all of one room are in one worker, before and after a reload", "[examples]") {
  program cluster(example("12_sticky_rooms", {"--listen", "127.0.0.1:0"}));
  cluster.wait_ready(4);
  CHECK(get(cluster.port(), "/room/tea").body.find("WebSocket") != std::string::npos);
  std::map<std::string, std::vector<std::unique_ptr<connection>>> rooms;
  for (const std::string room : {"tea", "coffee", "water", "milk", "juice", "wine"})
    for (int i = 0; i < 3; ++i) {
      auto& member = rooms[room].emplace_back(std::make_unique<connection>(cluster.port()));
      member->send("GET /room/" + room +
                   "/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
      member->read_until("\r\n\r\n");
    }
  const auto everybody_hears = [&](const std::string& word) {
    std::set<std::string> workers;
    for (auto& [room, members] : rooms) {
      members.front()->send(masked(word + " in " + room));
      for (const auto& each : members) workers.insert(each->read_until(": " + word + " in " + room));
    }
    return workers;
  };
  CHECK(everybody_hears("one").size() == 6);
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed: 4 of 4 slots");
  CHECK(everybody_hears("two").size() == 6);
  rooms.clear();  // or the drain would wait for their answers to its farewell
  stop(cluster);
}
