// SPDX-License-Identifier: BSL-1.0
// The side that gives connections away; the heirs are bare sockets in the test's hand.
#include "unit/worker/moving.hpp"

using namespace cluster;
using namespace cluster::test;

TEST_CASE("without an heir nothing moves and nothing changes") {
  giver it;
  CHECK_FALSE(it.moves->possible());
  moving_connection what = connection("unread");
  CHECK_FALSE(it.moves->move(what));
  CHECK(what.fd >= 0);
  CHECK(what.unread == "unread");
  ::close(what.fd);
}

TEST_CASE("a connection goes with its octets and its state, and is gone once it is taken") {
  const std::size_t before = descriptor_count();
  {
    giver it;
    const os::unique_fd heir = it.add_heir();
    CHECK(it.moves->possible());
    moving_connection what = connection("GET / HT");
    what.state = "user=7";
    REQUIRE(it.moves->move(what));
    CHECK(what.fd == -1);
    CHECK(it.moves->under_way() == 1);
    {
      const received_offer offer = next_offer(heir);
      CHECK(offer.what.unread == "GET / HT");
      CHECK(offer.what.state == "user=7");
      CHECK(offer.descriptors.size() == 1);
      it.run();
      CHECK(it.moves->moved() == 0);  // not before it is taken
      answer(heir, ipc::taken{offer.what.number});
    }
    it.run();
    CHECK(it.moves->under_way() == 0);
    CHECK(it.moves->moved() == 1);
    CHECK(it.back.empty());
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("what an heir did not take comes back as it was") {
  const std::size_t before = descriptor_count();
  {
    giver it;
    os::unique_fd heir = it.add_heir();
    for (const char* unread : {"first", "second", "third"}) {
      moving_connection what = connection(unread);
      REQUIRE(it.moves->move(what));
    }
    answer(heir, ipc::taken{next_offer(heir).what.number});
    SECTION("it is gone") { heir.reset(); }
    SECTION("it declines") { answer(heir, ipc::declined{next_offer(heir).what.number}); }
    SECTION("it is out of its mind") { REQUIRE_FALSE(os::send_message(heir.get(), bytes("garbage"), {})); }
    it.run();
    CHECK(it.moves->moved() == 1);
    CHECK(it.moves->under_way() == 0);
    CHECK_FALSE(it.moves->possible());
    REQUIRE(it.back.size() == 2);
    CHECK(it.back[0].unread == "second");
    CHECK(it.back[1].unread == "third");
    for (const moving_connection& each : it.back) {
      CHECK(each.returned);
      CHECK(::fcntl(each.fd, F_GETFD) >= 0);
    }
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("what comes back and is not wanted is closed") {
  const std::size_t before = descriptor_count();
  {
    giver it;
    it.wanted = false;
    os::unique_fd heir = it.add_heir();
    moving_connection what = connection("x");
    REQUIRE(it.moves->move(what));
    heir.reset();
    it.run();
    CHECK(it.back.empty());
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("an answer to nothing is no answer") {
  giver it;
  const os::unique_fd heir = it.add_heir();
  answer(heir, ipc::taken{12345});
  answer(heir, ipc::ready{});
  it.run();
  CHECK(it.moves->moved() == 0);
  moving_connection what = connection("x");
  REQUIRE(it.moves->move(what));
  const auto number = next_offer(heir).what.number;
  answer(heir, ipc::taken{number});
  answer(heir, ipc::taken{number});  // twice is once
  it.run();
  CHECK(it.moves->moved() == 1);
}

TEST_CASE("one answer may be for several, of its own line only") {
  giver it;
  const os::unique_fd one = it.add_heir();
  os::unique_fd other = it.add_heir();
  for (int i = 0; i < 8; ++i) {
    moving_connection what = connection("x");
    REQUIRE(it.moves->move(what));
  }
  const auto first = next_offer(one).what.number;
  static_cast<void>(next_offer(one));
  const auto third = next_offer(one).what.number;
  SECTION("all of them") {
    answer(one, ipc::taken{third, first});
    it.run();
    CHECK(it.moves->moved() == 3);
    CHECK(it.moves->under_way() == 5);
  }
  SECTION("from before the first one on") {
    answer(one, ipc::taken{third, 1});
    it.run();
    CHECK(it.moves->moved() == 3);
    other.reset();
    it.run();
    CHECK(it.back.size() == 4);
  }
  SECTION("the wrong way round it is for one") {
    answer(one, ipc::taken{first, third});
    it.run();
    CHECK(it.moves->moved() == 1);
  }
  SECTION("up to one that was never offered here it is for none") {
    answer(one, ipc::taken{third + 2, first});
    it.run();
    CHECK(it.moves->moved() == 0);
  }
}

TEST_CASE("connections with nothing to go along travel together, once the turn is over or the message full") {
  const std::size_t before = descriptor_count();
  {
    giver it;
    os::unique_fd heir = it.add_heir();
    const auto move = [&](std::string unread) {
      moving_connection what = connection(std::move(unread));
      REQUIRE(it.moves->move(what));
      CHECK(what.fd == -1);
    };
    move("");
    move("");
    CHECK(receive(heir.get()).ec);  // they wait for more
    SECTION("until the turn is over") {
      it.run();
      const received_offer both = next_offer(heir);
      CHECK(both.descriptors.size() == 2);
      answer(heir, ipc::taken{both.what.number + 1, both.what.number});
      it.run();
      CHECK(it.moves->moved() == 2);
    }
    SECTION("or something follows that cannot go with them, whose number is the next one") {
      move("GET");
      const received_offer both = next_offer(heir);
      CHECK(both.descriptors.size() == 2);
      const received_offer alone = next_offer(heir);
      CHECK(alone.descriptors.size() == 1);
      CHECK(alone.what.number == both.what.number + 2);
      CHECK(alone.what.unread == "GET");
    }
    SECTION("or the message is full") {
      for (std::size_t i = 2; i < ipc::max_offered; ++i) move("");
      CHECK(next_offer(heir).descriptors.size() == ipc::max_offered);
      it.run();
      CHECK(receive(heir.get()).ec);
    }
    SECTION("or the heir is gone, and they come back") {
      heir.reset();
      it.run();
      CHECK(it.back.size() == 2);
    }
    SECTION("or the mover closes") { it.moves->close(); }
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("what cannot be sent comes back") {
  const std::size_t before = descriptor_count();
  {
    giver it;
    const os::unique_fd heir = it.add_heir();
    moving_connection what = connection("");
    REQUIRE(it.moves->move(what));
    REQUIRE(::shutdown(heir.get(), SHUT_RDWR) == 0);
    it.run();
    CHECK(it.back.size() == 1);
    CHECK_FALSE(it.moves->possible());
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("connections are spread over the heirs, and one that is gone leaves its share to the others") {
  giver it;
  os::unique_fd one = it.add_heir();
  const os::unique_fd other = it.add_heir();
  for (int i = 0; i < 10; ++i) {
    moving_connection what = connection("x");
    REQUIRE(it.moves->move(what));
  }
  CHECK(count_offers(other) == 5);
  one.reset();
  it.run();
  CHECK(it.back.size() == 5);
  CHECK(it.moves->possible());
  for (moving_connection& each : it.back) REQUIRE(it.moves->move(each));
  CHECK(count_offers(other) == 5);
}

TEST_CASE("an heir that does not answer gets a bounded number, and more when it answers") {
  giver it;
  const os::unique_fd heir = it.add_heir();
  std::size_t sent = 0;
  moving_connection what = connection("x");
  const int changes = it.changes;
  while (it.moves->move(what)) {
    ++sent;
    REQUIRE(sent < 1000);
    what = connection("x");
  }
  CHECK(what.fd >= 0);
  CHECK_FALSE(it.moves->possible());
  CHECK(it.moves->under_way() == sent);
  answer(heir, ipc::taken{next_offer(heir).what.number});
  it.run();
  CHECK(it.moves->possible());
  // Told once there is room for many: whoever is told looks at all its connections.
  CHECK(it.changes == changes);
  while (it.moves->under_way() > sent / 2) {
    REQUIRE(it.changes == changes);
    answer(heir, ipc::taken{next_offer(heir).what.number});
    it.run();
  }
  CHECK(it.changes == changes + 1);
  CHECK(it.moves->move(what));
}

TEST_CASE("more than fits is refused and untouched") {
  giver it;
  const os::unique_fd heir = it.add_heir();
  moving_connection what = connection(std::string(ipc::max_unread + 1, 'x'));
  CHECK_FALSE(it.moves->move(what));
  CHECK(what.fd >= 0);
  CHECK(what.unread.size() == ipc::max_unread + 1);
  what.unread.resize(ipc::max_unread);
  what.state = std::string(ipc::max_state + 1, 's');
  CHECK_FALSE(it.moves->move(what));
  what.state.resize(ipc::max_state);
  CHECK(it.moves->move(what));
  const received_offer offer = next_offer(heir);
  CHECK(offer.what.unread.size() == ipc::max_unread);
  CHECK(offer.what.state.size() == ipc::max_state);
}

TEST_CASE("the last connection that settles is announced") {
  giver it;
  const os::unique_fd heir = it.add_heir();
  for (int i = 0; i < 3; ++i) {
    moving_connection what = connection("x");
    REQUIRE(it.moves->move(what));
  }
  for (int i = 0; i < 2; ++i) answer(heir, ipc::taken{next_offer(heir).what.number});
  it.run();
  const int before_last = it.changes;
  answer(heir, ipc::taken{next_offer(heir).what.number});
  it.run();
  CHECK(it.moves->under_way() == 0);
  CHECK(it.changes == before_last + 1);
}
