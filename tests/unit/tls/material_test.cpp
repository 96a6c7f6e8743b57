// SPDX-License-Identifier: BSL-1.0
#include "tls/material.hpp"
#include "support/catch.hpp"

#include <string>

using namespace cluster;
using namespace cluster::tls;

namespace {

ticket_key key(unsigned char fill) {
  ticket_key out;
  out.name.fill(fill);
  out.mac.fill(static_cast<unsigned char>(fill + 1));
  out.cipher.fill(static_cast<unsigned char>(fill + 2));
  return out;
}

material sample() {
  material out;
  out.certificates = {{"a.pem", std::string("chain\0of a", 10), "a.key", "key of a"}, {"b.pem", "", "", ""}};
  out.clients = tls_options::client_certificates::required;
  out.client_ca_name = "ca.pem";
  out.client_ca = "authorities";
  out.minimum = tls_options::version::tls_1_3;
  out.ticket_lifetime = std::chrono::hours(12);
  out.tickets = ticket_keys{key(1), key(20), key(40)};
  return out;
}

}  // namespace

TEST_CASE("what workers need for TLS comes out as it went in", "[tls]") {
  CHECK(decode(encode(sample())) == sample());
  material plain;
  CHECK(decode(encode(plain)) == plain);
  CHECK(encode(sample()).size() < largest_material);
}

TEST_CASE("every text that was cut off, lengthened or marked otherwise is refused", "[tls]") {
  const std::string whole = encode(sample());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK_FALSE(decode(std::string_view(whole).substr(0, size)));
  }
  CHECK_FALSE(decode(whole + "x"));
  std::string other = whole;
  other[0] = 'C';
  CHECK_FALSE(decode(other));
}

TEST_CASE("numbers beyond what they can mean are refused", "[tls]") {
  const std::string mark = "cluster-tls-1\n";
  std::string many = mark + std::string(8, '\xff');  // certificates
  CHECK_FALSE(decode(many));
  std::string whole = encode(material{});
  const std::size_t clients = mark.size() + 8;
  whole[clients] = 3;
  CHECK_FALSE(decode(whole));
  whole[clients] = 2;
  CHECK(decode(whole));
  whole[clients + 8 + 7] = '\x01';  // the length of a name: 2^56
  CHECK_FALSE(decode(whole));
}

TEST_CASE("ticket keys grow older by one step at a time", "[tls]") {
  const ticket_keys first{key(1), key(2), key(3)};
  const ticket_keys second = rotated(first, key(4));
  CHECK(second == ticket_keys{key(4), key(1), key(2)});
  // A worker that has not heard of it yet can read what one that has seals now, and the other way round.
  CHECK(first.next == second.current);
  CHECK(second.previous == first.current);
}
