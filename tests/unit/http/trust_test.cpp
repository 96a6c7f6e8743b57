// SPDX-License-Identifier: BSL-1.0
#include "http/trust.hpp"
#include "support/catch.hpp"

#include <stdexcept>

using namespace cluster;
using http::trust;

namespace {

wire::request_head head_of(const std::vector<wire::field>& fields) {
  wire::request_head out;
  for (const auto& each : fields) out.fields.push_back(each);
  return out;
}

std::string resolved(proxy_options::fields which, const std::string& peer,
                     const std::vector<wire::field>& fields) {
  const trust who({{"10.0.0.0/8", "fd00::/8", "unix"}, which});
  const wire::request_head head = head_of(fields);
  const auto found = who.resolve(peer, head);
  return found.client + " " + std::string(found.scheme) + " " + std::string(found.host);
}

std::string x(const std::string& peer, const std::vector<wire::field>& fields) {
  return resolved(proxy_options::fields::x_forwarded, peer, fields);
}
std::string rfc(const std::string& peer, const std::vector<wire::field>& fields) {
  return resolved(proxy_options::fields::forwarded, peer, fields);
}

}  // namespace

TEST_CASE("fields of peers that are not trusted say nothing", "[http][proxy]") {
  CHECK(x("192.0.2.9:1", {{"X-Forwarded-For", "198.51.100.1"}, {"X-Forwarded-Proto", "https"}}) ==
        "192.0.2.9:1  ");
  CHECK(rfc("192.0.2.9:1", {{"Forwarded", "for=198.51.100.1;proto=https"}}) == "192.0.2.9:1  ");
  CHECK(resolved(proxy_options::fields::none, "10.0.0.1:1", {{"X-Forwarded-For", "198.51.100.1"}}) ==
        "10.0.0.1:1  ");
  // The other kind of fields may be the client's own.
  CHECK(x("10.0.0.1:1", {{"Forwarded", "for=198.51.100.1"}}) == "10.0.0.1:1  ");
  CHECK(rfc("10.0.0.1:1", {{"X-Forwarded-For", "198.51.100.1"}}) == "10.0.0.1:1  ");
}

TEST_CASE("the client is the right-most address that is not trusted", "[http][proxy]") {
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-For", "198.51.100.1"}}) == "198.51.100.1  ");
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-For", "203.0.113.66, 198.51.100.1, 10.0.0.2"}}) == "198.51.100.1  ");
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-For", "203.0.113.66"},
                         {"x-forwarded-for", "198.51.100.1:99,10.0.0.2"}}) == "198.51.100.1  ");
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}) == "10.0.0.3  ");  // all ours
  CHECK(x("[fd00::1]:1", {{"X-Forwarded-For", "2001:db8::1"}}) == "[2001:db8::1]  ");
  CHECK(x("unix", {{"X-Forwarded-For", "198.51.100.1"}}) == "198.51.100.1  ");
  // What cannot be an address ends the chain with the last one that is known.
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-For", "198.51.100.1, unknown, 10.0.0.2"}}) == "10.0.0.2  ");
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-For", "198.51.100.1, <script>"}}) == "10.0.0.1:1  ");
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-For", ""}}) == "10.0.0.1:1  ");
}

TEST_CASE("scheme and host, if they can be such", "[http][proxy]") {
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-For", "198.51.100.1"},
                         {"X-Forwarded-Proto", "http, https"},
                         {"X-Forwarded-Host", "shop.test:8443"}}) == "198.51.100.1 https shop.test:8443");
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-Proto", "https"}}) == "10.0.0.1:1 https ");
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-Proto", "javascript"}, {"X-Forwarded-Host", "a/b"}}) ==
        "10.0.0.1:1  ");
}

TEST_CASE("Forwarded is read by its rules", "[http][proxy]") {
  CHECK(rfc("10.0.0.1:1", {{"Forwarded", "for=198.51.100.1;proto=https;host=shop.test;by=10.0.0.2"}}) ==
        "198.51.100.1 https shop.test");
  CHECK(
      rfc("10.0.0.1:1", {{"forwarded", "For=\"[2001:db8::1]:4711\" ; PROTO=http ; Host=\"shop.test:81\""}}) ==
      "[2001:db8::1] http shop.test:81");
  CHECK(rfc("10.0.0.1:1", {{"Forwarded", "for=203.0.113.66;proto=http, for=198.51.100.1;proto=https"},
                           {"Forwarded", "for=10.0.0.2;proto=http"}}) == "198.51.100.1 https ");
  CHECK(rfc("10.0.0.1:1", {{"Forwarded", "for=198.51.100.1, for=_hidden"}}) == "10.0.0.1:1  ");
  CHECK(rfc("10.0.0.1:1", {{"Forwarded", "for=\"198.51.100.1, for=10.0.0.2"}}) == "10.0.0.1:1  ");
  CHECK(rfc("10.0.0.1:1", {{"Forwarded", "for=198.51.100.1;for=203.0.113.66"}}) == "10.0.0.1:1  ");
  CHECK(rfc("10.0.0.1:1", {{"Forwarded", "for=\"198.51.100\\.1\""}}) == "10.0.0.1:1  ");
  CHECK(rfc("10.0.0.1:1", {{"Forwarded", "for"}}) == "10.0.0.1:1  ");
  // A comma within quotes parts nothing, so that nobody can forge an element from inside of one.
  CHECK(rfc("10.0.0.1:1", {{"Forwarded", "for=198.51.100.1;by=\"x, for=203.0.113.66\""}}) ==
        "198.51.100.1  ");
}

TEST_CASE("long chains are followed for a bounded way", "[http][proxy]") {
  std::string chain = "198.51.100.1";
  for (int i = 0; i < 1000; ++i) chain += ", 10.0.0.2";
  CHECK(x("10.0.0.1:1", {{"X-Forwarded-For", chain}}) == "10.0.0.2  ");
}

TEST_CASE("who may introduce others, and what is no such list", "[http][proxy]") {
  const trust all({});
  CHECK(all.may_introduce("192.0.2.1:1"));
  CHECK(all.may_introduce("unix"));
  const trust some({{"10.0.0.0/8"}, proxy_options::fields::none});
  CHECK(some.may_introduce("10.1.2.3:4"));
  CHECK_FALSE(some.may_introduce("192.0.2.1:1"));
  CHECK_FALSE(some.may_introduce("unix"));
  CHECK_FALSE(some.may_introduce(""));
  CHECK_THROWS_AS(trust({{"localhost"}, {}}), std::invalid_argument);
  CHECK_THROWS_AS(trust({{}, proxy_options::fields::forwarded}), std::invalid_argument);
}
