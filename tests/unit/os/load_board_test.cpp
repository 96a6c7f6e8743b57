// SPDX-License-Identifier: BSL-1.0
#include "os/load_board.hpp"
#include "support/catch.hpp"
#include "unit/os/surroundings.hpp"

#include <sys/mman.h>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

load_board new_board() {
  load_board board;
  REQUIRE_FALSE(board.create());
  return board;
}

unique_fd duplicate(int fd) { return unique_fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

}  // namespace

TEST_CASE("a worker is above its share with more than the mean and one") {
  load_board board = new_board();
  board.publish(0, 0);
  board.publish(1, 0);
  CHECK_FALSE(board.above_share(0));
  board.publish(0, 1);
  CHECK_FALSE(board.above_share(0));
  board.publish(0, 2);  // the mean is 1
  CHECK_FALSE(board.above_share(0));
  board.publish(0, 3);  // the mean is 1.5, so 2.5 is allowed
  CHECK(board.above_share(0));
  CHECK_FALSE(board.above_share(1));
  board.publish(1, 2);
  CHECK_FALSE(board.above_share(0));
}

TEST_CASE("there are others where another slot takes connections") {
  load_board board = new_board();
  CHECK_FALSE(board.others_than(0));
  board.publish(0, 7);
  CHECK_FALSE(board.others_than(0));
  CHECK(board.others_than(3));
  board.publish(15, 0);
  CHECK(board.others_than(0));
  board.withdraw(15);
  CHECK_FALSE(board.others_than(0));
  CHECK(board.others_than(static_cast<std::size_t>(-1)));
  CHECK_FALSE(load_board{}.others_than(0));
}

TEST_CASE("a worker that is alone is never above its share") {
  load_board board = new_board();
  board.publish(5, 4'000'000'000U);
  CHECK_FALSE(board.above_share(5));
}

TEST_CASE("who takes no connections does not count") {
  load_board board = new_board();
  board.publish(0, 10);
  board.publish(1, 0);
  CHECK(board.above_share(0));
  board.withdraw(1);
  CHECK_FALSE(board.above_share(0));
  board.publish(1, 100);
  board.withdraw(0);
  CHECK_FALSE(board.above_share(0));
}

TEST_CASE("slots far apart and slots that there are not") {
  load_board board = new_board();
  board.publish(0, 50);
  board.publish(12, 0);  // a few empty slots between are passed over
  CHECK(board.above_share(0));
  board.publish(load_board::slots, 5);
  board.withdraw(load_board::slots);
  CHECK_FALSE(board.above_share(load_board::slots));
  CHECK_FALSE(board.above_share(static_cast<std::size_t>(-1)));
}

TEST_CASE("loads near the limit of their type do not overflow") {
  load_board board = new_board();
  for (std::size_t slot = 0; slot < 8; ++slot) board.publish(slot, 0xFFFF'FFFEU);
  CHECK_FALSE(board.above_share(0));
  board.publish(0, 0);
  CHECK(board.above_share(1));
}

TEST_CASE("all who have the page see the same loads") {
  const std::size_t before = descriptor_count();
  {
    load_board ours = new_board();
    load_board theirs;
    REQUIRE_FALSE(theirs.attach(duplicate(ours.fd())));
    theirs.publish(1, 0);
    theirs.publish(0, 9);
    CHECK(ours.above_share(0));
    load_board moved(std::move(theirs));
    CHECK_FALSE(theirs);
    CHECK(moved.above_share(0));
    theirs = std::move(moved);
    CHECK(theirs.above_share(0));
    ours = load_board();
    CHECK(theirs.above_share(0));
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a page that somebody could shrink, or of another size, is refused and closed") {
  const std::size_t before = descriptor_count();
  {
    load_board board;
    SECTION("no file at all") { CHECK(board.attach(unique_fd())); }
    SECTION("another kind of file") {
      CHECK(board.attach(unique_fd(::open("/dev/null", O_RDWR | O_CLOEXEC))));
    }
    SECTION("not sealed") {
      unique_fd loose(::memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING));
      REQUIRE(::ftruncate(loose.get(), load_board::slots * 16) == 0);
      CHECK(board.attach(std::move(loose)).code == error::protocol_error);
    }
    SECTION("too small") {
      unique_fd small(::memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING));
      REQUIRE(::ftruncate(small.get(), 4096) == 0);
      REQUIRE(::fcntl(small.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
      CHECK(board.attach(std::move(small)).code == error::protocol_error);
    }
    CHECK_FALSE(board);
    board.publish(0, 5);  // harmless
    CHECK_FALSE(board.above_share(0));
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("the page of a board cannot be made smaller by anybody who has it") {
  const load_board board = new_board();
  CHECK(::ftruncate(board.fd(), 0) != 0);
  CHECK(errno == EPERM);
}
