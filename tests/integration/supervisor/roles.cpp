// SPDX-License-Identifier: BSL-1.0
// The workers of these tests: this program, started again in a role.
#include "ipc/environment.hpp"
#include "ipc/message.hpp"
#include "support/role.hpp"

#include <cluster/worker.hpp>

#include <boost/asio/io_context.hpp>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

namespace {

using cluster::test::role;

// Says ready and leaves when asked to.
int good(int, char**) {
  boost::asio::io_context context;
  cluster::worker self(context);
  self.handle_signals();
  self.async_wait_drain([&](cluster::error_code, cluster::drain_notice) { self.done(); });
  self.ready();
  context.run();
  return 0;
}
const role as_good{"good", good};

bool is_first() {
  const char* id = std::getenv("CLUSTER_WORKER_ID");
  return id != nullptr && std::string_view(id) == "1";
}

// The first worker misbehaves on its channel in the way that argv[1] names; later ones are good.
int hostile(int argc, char** argv) {
  const std::string way = argc > 1 ? argv[1] : "";
  if (!is_first()) return good(argc, argv);
  const int channel = cluster::ipc::channel_descriptor;
  const auto send = [&](const cluster::ipc::message& what) {
    std::vector<std::byte> data;
    cluster::ipc::encode(what, 0, data);
    return ::send(channel, data.data(), data.size(), MSG_NOSIGNAL) >= 0;
  };
  cluster::ipc::hello hello;
  hello.worker = {1};
  if (way == "garbage") {
    const char noise[] = "GET / HTTP/1.1\r\n\r\n";
    ::send(channel, noise, sizeof noise, MSG_NOSIGNAL);
  } else if (way == "over-long") {
    const std::string large(100'000, 'x');
    ::send(channel, large.data(), large.size(), MSG_NOSIGNAL);
  } else if (way == "other-version") {
    hello.protocol = 99;
    send(hello);
  } else if (way == "impostor") {
    hello.worker = {2};
    send(hello);
  } else if (way == "no-hello") {
    send(cluster::ipc::ready{});
  } else if (way == "hello-twice") {
    send(hello);
    send(hello);
  } else if (way == "supervisor-message") {
    send(hello);
    send(cluster::ipc::drain{});
  } else if (way == "acknowledges-nothing-sent") {
    send(hello);
    for (std::uint64_t i = 0;; ++i) send(cluster::ipc::taken{i});
  } else if (way == "flood") {
    send(hello);
    for (;;) send(cluster::ipc::handler_failure{"where", "what", 0});  // full or not, it goes on
  } else if (way == "descriptors") {
    send(hello);
    char control[CMSG_SPACE(sizeof(int))] = {};
    std::vector<std::byte> data;
    cluster::ipc::encode(cluster::ipc::ready{}, 1, data);
    iovec part{data.data(), data.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* entry = CMSG_FIRSTHDR(&header);
    entry->cmsg_level = SOL_SOCKET;
    entry->cmsg_type = SCM_RIGHTS;
    entry->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(entry), &channel, sizeof channel);
    ::sendmsg(channel, &header, MSG_NOSIGNAL);
  } else if (way == "closes") {
    send(hello);
    ::close(channel);
  }
  for (;;) ::pause();  // stays alive: ending it is the supervisor's part
}
const role as_hostile{"hostile", hostile};

// Does what it is told by message: "drain", "replace", "exit".
int obedient(int, char**) {
  boost::asio::io_context context;
  cluster::worker self(context);
  self.handle_signals();
  self.async_wait_drain([&](cluster::error_code, cluster::drain_notice) { self.done(); });
  self.on_message([&](cluster::worker_id, cluster::message&& what) {
    if (what.data == "drain") self.request_drain();
    if (what.data == "replace") self.request_replacement("it was told to");
    if (what.data == "exit") std::_Exit(5);
  });
  self.ready();
  context.run();
  return 0;
}
const role as_obedient{"obedient", obedient};

// Writes down how it was started: folder, arguments, two variables, and what comes out of descriptor 4.
int telling(int argc, char** argv) {
  // Before anything else can have that number.
  char text[64] = {};
  if (::read(4, text, sizeof text - 1) < 0) std::strcpy(text, "none");
  boost::asio::io_context context;
  cluster::worker self(context);
  self.handle_signals();
  self.async_wait_drain([&](cluster::error_code, cluster::drain_notice) { self.done(); });
  char folder[4096] = {};
  const char* set = std::getenv("TELLING");
  std::cout << (::getcwd(folder, sizeof folder) != nullptr ? folder : "") << '|' << (argc > 1 ? argv[1] : "")
            << '|' << (set != nullptr ? set : "") << '|' << text << std::endl;
  self.ready();
  context.run();
  return 0;
}
const role as_telling{"telling", telling};

// Says why it cannot start, and ends.
int complaining(int, char**) {
  boost::asio::io_context context;
  cluster::worker self(context);
  self.report_failure("cache", "the key file is missing");
  return 9;
}
const role as_complaining{"complaining", complaining};

// Good, unless its generation is above the first: then it ends at once.
int first_only(int argc, char** argv) { return is_first() ? good(argc, argv) : 8; }
const role as_first_only{"first-only", first_only};

// Has counted something by the time it is ready.
int counting(int, char**) {
  boost::asio::io_context context;
  cluster::worker self(context);
  self.handle_signals();
  self.async_wait_drain([&](cluster::error_code, cluster::drain_notice) { self.done(); });
  self.publish_traffic({.connections = 2, .requests = 100 + self.id().value});
  self.publish_latency(std::chrono::milliseconds(3), 7);
  self.ready();
  context.run();
  return 0;
}
const role as_counting{"counting", counting};

// Never says ready.
int silent(int, char**) {
  boost::asio::io_context context;
  cluster::worker self(context);
  context.run();
  return 0;
}
const role as_silent{"silent", silent};

// Takes for ever to start.
int dawdling(int, char**) {
  for (;;) ::pause();
}
const role as_dawdling{"dawdling", dawdling};

// Ignores everything that is asked of it.
int stubborn(int, char**) {
  ::signal(SIGTERM, SIG_IGN);
  boost::asio::io_context context;
  cluster::worker self(context);
  self.ready();
  context.run();
  for (;;) ::pause();
}
const role as_stubborn{"stubborn", stubborn};

// Ends in the way that argv[1] names, once it is ready: "exit N" or "signal N".
int mortal(int argc, char** argv) {
  boost::asio::io_context context;
  cluster::worker self(context);
  self.ready();
  if (argc < 3) return 99;
  if (std::string(argv[1]) == "signal") ::raise(std::atoi(argv[2]));
  return std::atoi(argv[2]);
}
const role as_mortal{"mortal", mortal};

// Writes down what a program that a worker starts can see, then serves on.
int parent(int argc, char** argv) {
  boost::asio::io_context context;
  cluster::worker self(context);
  self.handle_signals();
  const std::string file = argc > 1 ? argv[1] : "/dev/null";
  const std::string command = "(ls /proc/self/fd; env) > '" + file + "'";
  if (std::system(command.c_str()) != 0) return 98;
  self.async_wait_drain([&](cluster::error_code, cluster::drain_notice) { self.done(); });
  self.ready();
  context.run();
  return 0;
}
const role as_parent{"parent", parent};

}  // namespace
