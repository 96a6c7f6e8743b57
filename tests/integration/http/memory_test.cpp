// SPDX-License-Identifier: BSL-1.0
// What one client can take: floods that RFC 9112 allows to be endless, and noise.
#include "rfc_cases.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

using namespace cluster;
using namespace cluster::test;

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

// A line of /proc/self/status, in octets.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t allowed = 64 * mebibyte;  // freed memory stays in the sanitizer's quarantine
#elif defined(__SANITIZE_THREAD__)
constexpr std::size_t allowed = 8 * mebibyte;  // each octet has a shadow of several
#else
constexpr std::size_t allowed = mebibyte;
#endif

std::size_t memory(const std::string& what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(what)) return std::stoul(line.substr(what.size() + 1)) * 1024;
  return 0;
}

// The most memory that was resident while f ran, beyond what was before.
template <class F>
std::size_t growth(F f) {
  std::ofstream("/proc/self/clear_refs") << '5';  // the peak starts anew from here
  const std::size_t before = memory("VmRSS:");
  f();
  const std::size_t peak = memory("VmHWM:");
  return peak > before ? peak - before : 0;
}

// How much is sent where everything is taken; reading it octet by octet takes its time in a debug build.
std::size_t flood_size() {
  const char* wanted = std::getenv("CLUSTER_TEST_FLOOD_MIB");
  return (wanted != nullptr ? std::stoul(wanted) : 16) * mebibyte;
}

}  // namespace

TEST_CASE("200 MiB of what a message may carry along cost no memory", "[http][memory]") {
  http::server_options options;
  const bool limited = GENERATE(true, false);
  if (!limited)  // however much is allowed: nothing of it is kept
    options.chunk_extension_bytes = options.trailer_bytes = std::size_t{1} << 30;
  if (!limited) options.header_fields = 10'000;
  running_server server(rfc_routes, options);
  client(server.port()).ask(get("/"));
  struct flood {
    const char* what;
    std::string before;
    std::string piece;
    std::string end;
    unsigned refused_with;  // where it is limited
  };
  const std::string text(64 * 1024 - 8, 'a');
  const std::vector<flood> floods = {
      {"one chunk extension", "1;", text, "\r\nx\r\n0\r\n\r\n", 413},
      {"many chunk extensions", "", "1;" + text + "\r\nx\r\n", "0\r\n\r\n", 413},
      {"trailers", "0\r\n", "A: " + text + "\r\n", "\r\n", 431},
      {"zeros of a chunk size", "", std::string(64 * 1024, '0'), "\r\n\r\n", 400},
  };
  for (const flood& each : floods) {
    const bool refused = limited || each.refused_with == 400;
    const std::size_t size = refused ? 200 * mebibyte : flood_size();
    unsigned status = 0;
    std::size_t sent = 0;
    const std::size_t more = growth([&] {
      client c(server.port());
      c.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + each.before);
      while (sent < size && c.send(each.piece)) sent += each.piece.size();
      c.send(each.end);
      status = c.read().status;
    });
    INFO(each.what << (refused ? ", limited: " : ": ") << sent << " octets taken, " << more
                   << " more in memory");
    CHECK(more < allowed);
    // A client that sends on and on may lose the answer to the reset that ends it; nothing else than
    // this answer can come.
    if (refused) CHECK((status == each.refused_with || status == 0));
    else CHECK(status == 200);
    if (!refused) CHECK(sent >= size);
  }
  CHECK(client(server.port()).ask(get("/")).status == 200);
}

TEST_CASE("an endless header section and endless content cost no memory", "[http][memory]") {
  running_server server(rfc_routes);
  client(server.port()).ask(get("/"));
  const std::string piece(64 * 1024, 'a');
  for (const char* start : {"GET /", "GET / HTTP/1.1\r\nA: ",
                            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"}) {
    const std::size_t more = growth([&] {
      client c(server.port());
      c.send(start);
      for (std::size_t sent = 0; sent < 50 * mebibyte && c.send(piece);) sent += piece.size();
    });
    INFO(start << " ... " << more << " more in memory");
    CHECK(more < allowed);
  }
}

TEST_CASE("noise: whatever comes is refused or answered, and the others are served", "[http][memory]") {
  running_server server(rfc_routes);
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  constexpr int clients = 8;
  constexpr int rounds = 40;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned n = 0; n < clients; ++n) {
    threads.emplace_back([&, n] {
      std::mt19937 random(seed + n);
      for (int i = 0; i < rounds; ++i) {
        client c(server.port());
        std::string octets = random() % 2 == 0 ? post("/echo", "hello") + get("/") : std::string{};
        const std::size_t size = random() % 3000;
        if (octets.empty())
          for (std::size_t k = 0; k < size; ++k) octets.push_back(static_cast<char>(random()));
        else
          for (unsigned k = random() % 8; k > 0; --k)
            octets[random() % octets.size()] = static_cast<char>(random());
        c.send(octets);
        c.end_sending();
        for (reply r = c.read(); r.status != 0; r = c.read())
          if (r.status < 100 || r.status > 599 || !r.has("\r\nDate: ")) ++wrong;
        if (client(server.port()).ask(get("/")).body != "root") ++wrong;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(wrong == 0);
  CHECK(server.failures().empty());
  CHECK(server.eventually([](const auto& n) { return n.open == 0; }));
}
