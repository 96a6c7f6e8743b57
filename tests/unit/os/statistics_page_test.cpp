// SPDX-License-Identifier: BSL-1.0
#include "os/statistics_page.hpp"
#include "support/catch.hpp"
#include "unit/os/surroundings.hpp"

#include <sys/mman.h>
#include <time.h>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

unique_fd duplicate(int fd) { return unique_fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

std::uint64_t now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

/// The supervisor's side and the worker's.
struct both {
  statistics_page supervisor;
  statistics_page worker;
  both() {
    REQUIRE_FALSE(supervisor.create());
    REQUIRE_FALSE(worker.attach(duplicate(supervisor.fd())));
  }
};

}  // namespace

TEST_CASE("what the worker counts the supervisor reads", "[statistics]") {
  both page;
  CHECK(page.supervisor.read().requests == 0);
  CHECK(page.supervisor.read().heartbeat_age == -1ms);
  page.worker.count({1, 2, 3, 4, 5, 6, 7us});
  page.worker.add_latency(100us, 3);
  const worker_statistics seen = page.supervisor.read();
  CHECK(seen.connections == 1);
  CHECK(seen.accepted == 2);
  CHECK(seen.requests == 3);
  CHECK(page.supervisor.requests() == 3);
  CHECK(seen.errors == 4);
  CHECK(seen.bytes_received == 5);
  CHECK(seen.bytes_sent == 6);
  CHECK(seen.busy == 7us);
  CHECK(seen.latency.count() == 3);
  CHECK(seen.latency.sum == 300us);
}

TEST_CASE("signs of life are kept for each event loop, and the oldest is the worker's", "[statistics]") {
  both page;
  page.worker.show_life(0, {now(), 17}, 2ms);
  page.worker.show_life(3, {now() - 5'000'000'000, 18}, 3ms);
  page.worker.show_life(statistics_page::loops, {now(), 19}, 1ms);  // there is no such loop
  CHECK(page.supervisor.last_beat(0).thread == 17);
  CHECK(page.supervisor.last_beat(3).thread == 18);
  CHECK(page.supervisor.last_beat(1).at == 0);
  CHECK(page.supervisor.last_beat(99).at == 0);
  const worker_statistics seen = page.supervisor.read();
  CHECK(seen.heartbeat_age >= 5s);
  CHECK(seen.heartbeat_age < 60s);
  CHECK(seen.busy == 5ms);  // nobody said better, so the CPU time of the loops
}

TEST_CASE("nonsense in the page is a number like any other", "[statistics]") {
  both page;
  void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, page.worker.fd(), 0);
  REQUIRE(memory != MAP_FAILED);
  std::fill_n(static_cast<unsigned char*>(memory), 4096, 0xFF);
  ::munmap(memory, 4096);
  const worker_statistics seen = page.supervisor.read();
  CHECK(seen.requests == ~std::uint64_t{0});
  CHECK(seen.busy > 0ns);
  CHECK(seen.heartbeat_age == 0ms);  // a sign from the future
}

TEST_CASE("neither side can make the page smaller, and the reader cannot write", "[statistics]") {
  both page;
  CHECK(::ftruncate(page.worker.fd(), 0) != 0);
  CHECK(errno == EPERM);
  CHECK(::ftruncate(page.supervisor.fd(), 8192) != 0);
  statistics_page adopted;
  REQUIRE_FALSE(adopted.adopt(duplicate(page.worker.fd())));
  page.worker.count({.requests = 9});
  CHECK(adopted.read().requests == 9);
}

TEST_CASE("a page of another size, or that could shrink, is refused and closed", "[statistics]") {
  const std::size_t before = descriptor_count();
  {
    statistics_page page;
    SECTION("no file at all") { CHECK(page.attach(unique_fd())); }
    SECTION("another kind of file") {
      CHECK(page.adopt(unique_fd(::open("/dev/null", O_RDWR | O_CLOEXEC))).code == error::protocol_error);
    }
    SECTION("not sealed") {
      unique_fd loose(::memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
      REQUIRE(::ftruncate(loose.get(), 4096) == 0);
      CHECK(page.attach(std::move(loose)).code == error::protocol_error);
    }
    SECTION("too small") {
      unique_fd small(::memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING));
      REQUIRE(::ftruncate(small.get(), 64) == 0);
      REQUIRE(::fcntl(small.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
      CHECK(page.adopt(std::move(small)).code == error::protocol_error);
    }
    CHECK_FALSE(page);
    page.count({.requests = 1});  // harmless
    page.add_latency(1ms, 1);
    page.show_life(0, {1, 1}, 1ms);
    CHECK(page.read().requests == 0);
    CHECK(page.requests() == 0);
    CHECK(page.last_beat(0).at == 0);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a page moves and leaves nothing behind", "[statistics]") {
  const std::size_t before = descriptor_count();
  {
    both page;
    statistics_page moved(std::move(page.worker));
    CHECK_FALSE(page.worker);
    moved.count({.requests = 4});
    page.worker = std::move(moved);
    page.worker.count({.requests = 5});
    CHECK(page.supervisor.read().requests == 5);
    page.supervisor = statistics_page();
    page.worker.count({.requests = 6});
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("routes are counted one by one, whatever they are called", "[statistics]") {
  both page;
  CHECK(page.supervisor.read_routes().empty());
  page.worker.name_routes({"GET /", "GET /" + std::string(100, 'x'), "line\nbreak\"\xff"});
  page.worker.count_route(0, {{1, 2, 3, 4, 5}, 6, 7us});
  page.worker.count_route(statistics_page::routes, {{1, 1, 1, 1, 1}, 1, 1us});  // there is no such place
  const auto seen = page.supervisor.read_routes();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].route == "GET /");
  CHECK(seen[0].answers == std::array<std::uint64_t, 5>{1, 2, 3, 4, 5});
  CHECK(seen[0].timed == 6);
  CHECK(seen[0].time == 7us);
  CHECK(seen[1].route.size() == statistics_page::route_name);
  CHECK(seen[2].route == "line?break\"?");
  page.worker.name_routes(std::vector<std::string>(1000, "GET /"));
  CHECK(page.supervisor.read_routes().size() == statistics_page::routes);
}

TEST_CASE("a page of a build that did not count by route does everything else", "[statistics]") {
  unique_fd old(::memfd_create("old", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(old.get(), 4096) == 0);
  REQUIRE(::fcntl(old.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
  statistics_page worker;
  statistics_page supervisor;
  REQUIRE_FALSE(worker.attach(duplicate(old.get())));
  REQUIRE_FALSE(supervisor.adopt(std::move(old)));
  worker.name_routes({"GET /"});
  worker.count_route(0, {{1, 2, 3, 4, 5}, 6, 7us});
  worker.count({.requests = 3});
  CHECK(supervisor.read_routes().empty());
  CHECK(supervisor.requests() == 3);
}
