// SPDX-License-Identifier: BSL-1.0
#include "tls/session.hpp"
#include "support/catch.hpp"
#include "support/tls.hpp"
#include "tls/load.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <random>
#include <thread>

using namespace cluster;
using namespace cluster::tls;
using state = session::state;

namespace {

const test::authority& root() {
  static const test::authority one;
  return one;
}

material material_for(const std::vector<std::string>& names) {
  material out;
  const test::identity made = root().issue(names);
  out.certificates = {{"a", made.certificate, "a", made.key}};
  out.ticket_lifetime = std::chrono::hours(1);
  return out;
}

std::shared_ptr<const context> context_of(const material& from) {
  std::string why;
  auto made = context::make(from, why);
  INFO(why);
  REQUIRE(made);
  return made;
}

/// A session that answers what it hears in capitals, on one end of a socket pair, in a thread of its own.
struct echo {
  explicit echo(const std::shared_ptr<const context>& on, std::size_t piece = 65536)
      : whole(on->begin(on)), one(*whole) {
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
    const timeval limit{10, 0};
    for (const int fd : ends) ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    thread = std::thread([this, piece] { run(piece); });
  }
  ~echo() {
    ::shutdown(ends[0], SHUT_RDWR);
    thread.join();
    ::close(ends[0]);
    ::close(ends[1]);
  }
  void run(std::size_t piece) {
    std::string octets(piece, '\0');
    wire::byte_buffer plain;
    wire::byte_buffer out;
    while (one.at() == state::handshake || one.at() == state::open) {
      const ssize_t n = ::recv(ends[1], octets.data(), octets.size(), 0);
      if (n <= 0) break;
      one.receive({octets.data(), static_cast<std::size_t>(n)}, plain, out);
      std::string answer(plain.view());
      plain.clear();
      for (char& c : answer) c = static_cast<char>(std::toupper(c));
      one.send(answer, out);
      if (one.at() == state::ended) one.end(out);
      ::send(ends[1], out.view().data(), out.size(), MSG_NOSIGNAL);
      out.clear();
    }
    ::shutdown(ends[1], SHUT_WR);
  }
  int client() const { return ends[0]; }

  std::unique_ptr<session> whole;
  session& one;
  int ends[2] = {-1, -1};
  std::thread thread;
};

std::string talk(test::tls_client& client, const std::string& words) {
  CHECK(client.send(words));
  std::string heard;
  while (heard.size() < words.size() && client.receive(heard)) continue;
  return heard;
}

}  // namespace

TEST_CASE("a session talks, in pieces of any size, and ends in order", "[tls]") {
  const auto on = context_of(material_for({"a.test"}));
  const std::size_t piece = GENERATE(1U, 7U, 1000U, 65536U);
  const int newest = GENERATE(0, 12);
  echo server(on, piece);
  test::tls_settings settings{root().certificate(), "a.test", {}};
  settings.newest = newest;
  test::tls_client client(server.client(), settings);
  INFO(client.problem());
  REQUIRE(client.handshake());
  CHECK(client.version() == (newest == 12 ? "TLSv1.2" : "TLSv1.3"));
  CHECK(client.server_subject() == "a.test");
  CHECK(talk(client, "hello") == "HELLO");
  const std::string large(100'000, 'x');
  if (piece > 1) CHECK(talk(client, large) == std::string(100'000, 'X'));
  client.end();
  std::string rest;
  CHECK_FALSE(client.receive(rest));
  CHECK(client.ended_in_order());
}

TEST_CASE("the certificate follows the name that the client asks for", "[tls]") {
  material three = material_for({"first.test"});
  for (const char* name : {"second.test", "*.third.test"}) {
    const test::identity made = root().issue({name});
    three.certificates.push_back({name, made.certificate, name, made.key});
  }
  const auto on = context_of(three);
  const auto served = [&](const std::string& name, bool check) {
    echo server(on);
    test::tls_client client(server.client(), {check ? root().certificate() : "", name, {}});
    INFO(name);
    CHECK(client.handshake());
    return client.server_subject();
  };
  CHECK(served("first.test", true) == "first.test");
  CHECK(served("second.test", true) == "second.test");
  CHECK(served("SECOND.test", true) == "second.test");
  CHECK(served("any.third.test", true) == "*.third.test");
  CHECK(served("unknown.test", false) == "first.test");
  CHECK(served("", false) == "first.test");
}

TEST_CASE("HTTP/1.1 is agreed on; a client that offers only other protocols is told so", "[tls]") {
  const auto on = context_of(material_for({"a.test"}));
  const auto agreed = [&](const std::vector<std::string>& offered, bool expected) {
    echo server(on);
    test::tls_settings settings;
    settings.protocols = offered;
    test::tls_client client(server.client(), settings);
    CHECK(client.handshake() == expected);
    return expected ? client.protocol() : client.problem();
  };
  CHECK(agreed({"h2", "http/1.1"}, true) == "http/1.1");
  CHECK(agreed({}, true).empty());
  CHECK(agreed({"h2"}, false).find("no application protocol") != std::string::npos);
}

TEST_CASE("tickets are good at every server with the keys, and for one change of keys more", "[tls]") {
  const int newest = GENERATE(0, 12);
  INFO("newest version " << newest);
  material shared = material_for({"a.test"});
  ticket_keys keys;
  for (ticket_key* each : {&keys.next, &keys.current, &keys.previous}) REQUIRE(make_ticket_key(*each));
  const auto with = [&](const ticket_keys& these) {
    shared.tickets = these;
    return context_of(shared);
  };
  const auto resumed = [&](const std::shared_ptr<const context>& at, test::tls_ticket& ticket) {
    echo server(at);
    test::tls_settings settings{root().certificate(), "a.test", {}};
    settings.newest = newest;
    test::tls_client client(server.client(), settings, ticket);
    REQUIRE(client.handshake());
    CHECK(talk(client, "hello") == "HELLO");  // of TLS 1.3 tickets come behind the handshake
    if (client.ticket()) ticket = client.ticket();
    return client.resumed();
  };
  const auto changed = [](const ticket_keys& from) {
    ticket_key fresh;
    REQUIRE(make_ticket_key(fresh));
    return rotated(from, fresh);
  };
  test::tls_ticket ticket;
  CHECK_FALSE(resumed(with(keys), ticket));
  REQUIRE(ticket);
  CHECK(resumed(with(keys), ticket));  // another server, the same keys
  const ticket_keys later = changed(keys);
  test::tls_ticket old = ticket;
  CHECK(resumed(with(later), old));
  CHECK(resumed(with(keys), old));  // sealed by one that has changed, read by one that has not yet
  test::tls_ticket oldest = ticket;
  CHECK_FALSE(resumed(with(changed(later)), oldest));
  test::tls_ticket foreign = ticket;
  ticket_keys others;
  for (ticket_key* each : {&others.next, &others.current, &others.previous}) REQUIRE(make_ticket_key(*each));
  CHECK_FALSE(resumed(with(others), foreign));
  shared.ticket_lifetime = std::chrono::seconds(0);
  test::tls_ticket none = ticket;
  CHECK_FALSE(resumed(with(keys), none));
}

TEST_CASE("clients show certificates: asked for, required, of the right authority", "[tls]") {
  using clients = tls_options::client_certificates;
  const test::authority other("Somebody Else");
  const test::identity good = root().issue({"ann"});
  const test::identity bad = other.issue({"eve"});
  const auto try_with = [&](clients how, const test::identity& own) {
    material asking = material_for({"a.test"});
    asking.clients = how;
    asking.client_ca = root().certificate();
    echo server(context_of(asking));
    test::tls_client client(server.client(), {root().certificate(), "a.test", own});
    const bool talked = client.handshake() && client.send("hello");
    std::string heard;
    // Of TLS 1.3 a client learns of a refusal after its own handshake.
    const bool answered = talked && client.receive(heard) && heard == "HELLO";
    return answered ? "<" + server.one.client_subject() + ">" : "refused";
  };
  CHECK(try_with(clients::off, {}) == "<>");
  CHECK(try_with(clients::off, good) == "<>");
  CHECK(try_with(clients::optional, {}) == "<>");
  CHECK(try_with(clients::optional, good) == "<CN=ann>");
  CHECK(try_with(clients::optional, bad) == "refused");
  CHECK(try_with(clients::required, {}) == "refused");
  CHECK(try_with(clients::required, good) == "<CN=ann>");
  CHECK(try_with(clients::required, bad) == "refused");
}

TEST_CASE("a session does not go on where clients are judged by other rules", "[tls]") {
  using clients = tls_options::client_certificates;
  const test::authority other("Somebody Else");
  const test::identity ann = root().issue({"ann"});
  material asking = material_for({"a.test"});
  asking.tickets.emplace();
  for (ticket_key* each : {&asking.tickets->next, &asking.tickets->current, &asking.tickets->previous})
    REQUIRE(make_ticket_key(*each));
  asking.clients = clients::required;
  asking.client_ca = root().certificate();
  test::tls_ticket ticket;
  const auto talked = [&] {
    echo server(context_of(asking));
    test::tls_client client(server.client(), {root().certificate(), "a.test", ann}, ticket);
    std::string heard;
    const bool answered = client.handshake() && client.send("hello") && client.receive(heard);
    if (answered && client.ticket()) ticket = client.ticket();
    return answered ? (client.resumed() ? "resumed " : "new ") + server.one.client_subject()
                    : std::string("refused");
  };
  CHECK(talked() == "new CN=ann");
  CHECK(talked() == "resumed CN=ann");
  asking.client_ca = other.certificate();
  CHECK(talked() == "refused");
}

TEST_CASE("old versions are refused", "[tls]") {
  material strict = material_for({"a.test"});
  strict.minimum = tls_options::version::tls_1_3;
  echo server(context_of(strict));
  test::tls_settings settings;
  settings.newest = 12;
  test::tls_client client(server.client(), settings);
  CHECK_FALSE(client.handshake());
  CHECK(client.problem().find("protocol version") != std::string::npos);
}

TEST_CASE("whatever comes, a session fails in order or waits", "[tls]") {
  const auto on = context_of(material_for({"a.test"}));
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    const std::unique_ptr<session> whole = on->begin(on);
    session& one = *whole;
    std::string octets(1 + random() % 600, '\0');
    for (char& c : octets) c = static_cast<char>(random());
    // Most of it looks like the record of a handshake, or nothing would get past its first octets.
    if (round % 4 != 0) octets.insert(0, "\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03\x03", 11);
    wire::byte_buffer plain;
    wire::byte_buffer out;
    one.receive(octets, plain, out);
    CHECK(plain.empty());
    CHECK_FALSE(one.at() == state::open);
    CHECK_FALSE(one.send("too early", out));
    one.end(out);
    if (one.at() == state::failed) CHECK_FALSE(one.why().empty());
  }
}
