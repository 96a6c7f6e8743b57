// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <cluster/routing.hpp>

using namespace cluster;
using kind = connection_choice::kind;

TEST_CASE("the cookie of the first request decides", "[routing]") {
  const connection_router by_cookie = sticky_by_cookie("id");
  const auto choose = [&](std::string_view first) {
    return by_cookie.choose({.listener = "web", .address = "192.0.2.1", .port = 1, .first = first});
  };
  const std::string_view head = "GET / HTTP/1.1\r\nHost: a\r\ncOOKIE: x=1; id=ann; id=bob\r\n\r\n";
  const connection_choice ann = choose(head);
  CHECK(ann.how == kind::key);
  CHECK(ann.value == connection_choice::by_key("ann").value);
  CHECK(choose(head.substr(0, head.find("bob"))).how == kind::more);  // the line may go on
  CHECK(choose("").how == kind::more);
  CHECK(choose("GET / HTTP/1.1\r\nHost: a\r\n").how == kind::more);
  CHECK(choose("GET / HTTP/1.1\r\nCookie: id=\r\n\r\n").how == kind::next);
  CHECK(choose("GET / HTTP/1.1\r\nX-Cookie: id=ann\r\n\r\n").how == kind::next);
  // TLS, and version 2 of the PROXY protocol: nothing to wait for.
  CHECK(choose("\x16\x03\x01").how == kind::next);
  CHECK(choose({"\r\n\r\n\0\r\nQUIT\n", 12}).how == kind::next);
  CHECK(choose("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nCookie: id=ann\r\n").value ==
        ann.value);
}

TEST_CASE("the peer's address decides", "[routing]") {
  const connection_router by_address = sticky_by_address();
  const auto choose = [&](std::string_view address) { return by_address.choose({.address = address}); };
  CHECK(choose("192.0.2.1").how == kind::key);
  CHECK(choose("192.0.2.1").value == choose("192.0.2.1").value);
  CHECK(choose("192.0.2.1").value != choose("192.0.2.2").value);
  CHECK(choose("").how == kind::next);  // a Unix socket
}
