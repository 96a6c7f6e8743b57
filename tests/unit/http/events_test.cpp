// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <cluster/http/events.hpp>

#include <stdexcept>
#include <string>

using cluster::http::event_text;

TEST_CASE("the text of an event", "[http][events]") {
  CHECK(event_text({.data = "a"}) == "data: a\n\n");
  CHECK(event_text({}) == "data: \n\n");
  CHECK(event_text({.data = "a\nb\r\nc\rd"}) == "data: a\ndata: b\ndata: c\ndata: d\n\n");
  CHECK(event_text({.data = "a\n"}) == "data: a\ndata: \n\n");
  CHECK(event_text({.data = "x", .name = "tick", .id = "7", .retry = std::chrono::milliseconds(250)}) ==
        "event: tick\nid: 7\nretry: 250\ndata: x\n\n");
}

TEST_CASE("an event cannot be split by its name or id", "[http][events]") {
  CHECK_THROWS_AS(event_text({.name = "a\nb"}), std::invalid_argument);
  CHECK_THROWS_AS(event_text({.id = "a\rb"}), std::invalid_argument);
  CHECK_THROWS_AS(event_text({.id = std::string(1, '\0')}), std::invalid_argument);
}
