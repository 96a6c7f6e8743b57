// SPDX-License-Identifier: BSL-1.0
#include "common/ip_address.hpp"
#include "support/catch.hpp"

using namespace cluster;

namespace {

std::string shown(std::string_view text) {
  const auto found = parse_ip_address(text);
  return found ? to_string(*found) : "none";
}
std::string endpoint(std::string_view text) {
  const auto found = parse_endpoint(text);
  return found ? to_string(*found) : "none";
}
bool in(std::string_view network, std::string_view address) {
  const auto all = parse_ip_network(network);
  const auto one = parse_ip_address(address);
  REQUIRE(all);
  REQUIRE(one);
  return all->contains(*one);
}

}  // namespace

TEST_CASE("addresses are read to the letter", "[ip]") {
  CHECK(shown("192.0.2.1") == "192.0.2.1");
  CHECK(shown("2001:DB8:0::1") == "2001:db8::1");
  CHECK(shown("::ffff:192.0.2.1") == "192.0.2.1");
  for (const char* bad :
       {"", "1", "192.0.2", "192.0.2.256", "192.0.2.1 ", " 192.0.2.1", "192.0.2.01", "[::1]", "::1%lo",
        "1:2:3:4:5:6:7:8:9", "localhost", "192.0.2.1/8", "192.0.2.1:80"}) {
    INFO(bad);
    CHECK(shown(bad) == "none");
  }
  CHECK(shown(std::string_view("192.0.2.1\0", 10)) == "none");
  CHECK(shown(std::string(1000, '1')) == "none");
}

TEST_CASE("peers are addresses with or without a port", "[ip]") {
  CHECK(endpoint("192.0.2.1:4711") == "192.0.2.1");
  CHECK(endpoint("192.0.2.1") == "192.0.2.1");
  CHECK(endpoint("[2001:db8::1]:80") == "2001:db8::1");
  CHECK(endpoint("[2001:db8::1]") == "2001:db8::1");
  CHECK(endpoint("2001:db8::1") == "2001:db8::1");
  for (const char* bad : {"192.0.2.1:", "192.0.2.1:x", "192.0.2.1:65536", "[::1", "[::1]80", "[192.0.2.1]:80",
                          "unix", "_hidden", "unknown", ":80", "[]:80"}) {
    INFO(bad);
    CHECK(endpoint(bad) == "none");
  }
  CHECK(to_endpoint(*parse_ip_address("192.0.2.1"), 80) == "192.0.2.1:80");
  CHECK(to_endpoint(*parse_ip_address("::1"), 80) == "[::1]:80");
}

TEST_CASE("networks hold the addresses with their bits", "[ip]") {
  CHECK(in("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(in("10.0.0.0/8", "11.0.0.1"));
  CHECK(in("10.0.0.128/25", "10.0.0.200"));
  CHECK_FALSE(in("10.0.0.128/25", "10.0.0.127"));
  CHECK(in("192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(in("192.0.2.1", "192.0.2.2"));
  CHECK(in("0.0.0.0/0", "203.0.113.9"));
  CHECK_FALSE(in("0.0.0.0/0", "2001:db8::1"));
  CHECK(in("::/0", "2001:db8::1"));
  CHECK(in("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK_FALSE(in("2001:db8::/33", "2001:db8:8000::1"));
  CHECK(in("10.0.0.0/8", "::ffff:10.1.2.3"));
  for (const char* bad : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "::/129", "2001:db8::1/32",
                          "10.0.0.0/8/8", "unix", "10.0.0.0/x"}) {
    INFO(bad);
    CHECK_FALSE(parse_ip_network(bad));
  }
}
