// SPDX-License-Identifier: BSL-1.0
#include "http/moved_state.hpp"
#include "support/catch.hpp"

using cluster::http::moved_state;
using cluster::http::pack_state;
using cluster::http::unpack_state;

TEST_CASE("the state of a connection comes out as it went in", "[http][move]") {
  for (const std::string& octets : {std::string("user=7"), std::string("\0\xff\n", 3), std::string()}) {
    const std::string packed = pack_state({moved_state::kind::http, octets});
    const auto back = unpack_state(packed);
    REQUIRE(back);
    CHECK(back->what == moved_state::kind::http);
    CHECK(back->octets == octets);
    CHECK_FALSE(packed.empty());  // an empty state is a state; none at all is the empty text
  }
}

TEST_CASE("no state is an HTTP connection; an unknown kind is nothing", "[http][move]") {
  const auto none = unpack_state("");
  REQUIRE(none);
  CHECK(none->octets.empty());
  CHECK_FALSE(unpack_state("?x"));
  CHECK_FALSE(unpack_state(std::string(1, '\0')));
}

TEST_CASE("a session comes out with its handshake", "[http][move]") {
  const std::string head(3500, 'h');
  for (const bool has_state : {true, false}) {
    const std::string packed =
        pack_state({moved_state::kind::websocket, has_state ? "octets" : "", has_state, head, "chat"});
    const auto back = unpack_state(packed);
    REQUIRE(back);
    CHECK(back->what == moved_state::kind::websocket);
    CHECK(back->octets == (has_state ? "octets" : ""));
    CHECK(back->has_octets == has_state);
    CHECK(back->head == head);
    CHECK(back->subprotocol == "chat");
    // Cut off anywhere before the application's octets it is nothing.
    for (std::size_t size = 1; size < packed.size() - (has_state ? 6 : 0); ++size)
      REQUIRE_FALSE(unpack_state(std::string_view(packed).substr(0, size)));
  }
}

TEST_CASE("whom a proxy has named goes along, with a state and without one", "[http][move][proxy]") {
  moved_state what;
  what.client = "[2001:db8::1]:4711";
  what.client_secure = true;
  what.has_octets = false;
  const auto through = [&] {
    const std::string packed = pack_state(what);
    const auto back = unpack_state(packed);
    REQUIRE(back);
    CHECK(back->what == what.what);
    CHECK(back->client == what.client);
    CHECK(back->client_secure == what.client_secure);
    CHECK(back->has_octets == what.has_octets);
    CHECK(back->octets == what.octets);
    CHECK(back->head == what.head);
    for (std::size_t size = 1; size < 3 + what.client.size(); ++size)
      CHECK_FALSE(unpack_state(std::string_view(packed).substr(0, size)));
  };
  through();
  what.has_octets = true;
  through();
  what.octets = "user=7";
  through();
  what.what = moved_state::kind::websocket;
  what.head = "GET /";
  through();
  what.client = "";  // only that it came over TLS
  through();
}
