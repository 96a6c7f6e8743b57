// SPDX-License-Identifier: BSL-1.0
#include "tls/load.hpp"
#include "support/catch.hpp"
#include "support/text.hpp"
#include "support/tls.hpp"
#include "tls/context.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace cluster;
using namespace cluster::tls;
using cluster::test::contains;

namespace {

struct folder {
  folder() {
    char name[] = "/tmp/cluster-tls-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~folder() { std::filesystem::remove_all(path); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;
  std::string path;
};

std::string refused(const tls_options& with) {
  material out;
  out.client_ca = "as it was";
  std::string why;
  CHECK_FALSE(load(with, out, why));
  CHECK(out.client_ca == "as it was");
  CHECK(why.starts_with("tls: "));
  CHECK(why.find('\n') == std::string::npos);
  return why;
}

}  // namespace

TEST_CASE("good files are loaded and keep the ticket keys", "[tls]") {
  const folder here;
  const test::authority root;
  const std::string at = test::write_identity(here.path, "a", root.issue({"a.test", "b.test"}));
  std::ofstream(here.path + "/ca.pem") << root.certificate();
  std::ofstream(here.path + "/both.pem")
      << std::ifstream(at + ".pem").rdbuf() << std::ifstream(at + ".key").rdbuf();
  tls_options with;
  with.certificates = {{at + ".pem", at + ".key"}, {here.path + "/both.pem", ""}};
  with.clients = tls_options::client_certificates::optional;
  with.client_ca = here.path + "/ca.pem";
  with.ticket_rotation = std::chrono::hours(1);
  material out;
  out.tickets.emplace();
  REQUIRE(make_ticket_key(out.tickets->current));
  const material before = out;
  std::string why;
  INFO(why);
  REQUIRE(load(with, out, why));
  CHECK(out.certificates.size() == 2);
  CHECK(out.client_ca == root.certificate());
  CHECK(out.ticket_lifetime == std::chrono::hours(1));
  CHECK(out.tickets == before.tickets);
  // And what comes to a worker is as good.
  CHECK(context::make(*decode(encode(out)), why));
}

TEST_CASE("each bad file is refused with a line that names it", "[tls]") {
  const folder here;
  const test::authority root;
  const auto file = [&](const std::string& name) { return here.path + "/" + name; };
  const std::string a = test::write_identity(here.path, "a", root.issue({"a.test"}));
  const std::string b = test::write_identity(here.path, "b", root.issue({"b.test"}));
  std::ofstream(file("text")) << "no certificate at all\n";
  std::ofstream(file("empty"));
  std::ofstream(file("large")) << std::string(largest_file + 1, 'x');
  std::ofstream(file("cut")) << std::ifstream(a + ".pem").rdbuf() << "-----BEGIN CERTIFICATE-----\nAAAA\n";
  std::ofstream(file("secret"))
      << "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
  const auto with = [&](const std::string& certificate, const std::string& key) {
    tls_options out;
    out.certificates = {{certificate, key}};
    return out;
  };
  const std::string pem = a + ".pem";
  const std::string key = a + ".key";
  CHECK(contains(refused(with(file("none"), key)), file("none") + ": No such file"));
  CHECK(contains(refused(with(here.path, key)), here.path + ": not a file"));
  CHECK(contains(refused(with(file("text"), key)), file("text") + ": there is no certificate"));
  CHECK(contains(refused(with(file("empty"), key)), file("empty") + ": there is no certificate"));
  CHECK(contains(refused(with(file("large"), key)), file("large") + ": larger than"));
  CHECK(contains(refused(with(file("cut"), key)), file("cut") + ": the chain behind the certificate"));
  CHECK(contains(refused(with(pem, file("none"))), file("none") + ": No such file"));
  CHECK(contains(refused(with(pem, pem)), pem + ": there is no private key"));
  CHECK(contains(refused(with(pem, file("secret"))), file("secret") + ": the private key has a passphrase"));
  CHECK(contains(refused(with(pem, b + ".key")),
                 b + ".key: the private key does not belong to the certificate in " + pem));
  CHECK(contains(refused(with("", key)), "more keys than certificates"));
  CHECK(contains(refused({}), "there is no certificate"));
  tls_options clients = with(pem, key);
  clients.clients = tls_options::client_certificates::required;
  CHECK(contains(refused(clients), "no file with authorities"));
  clients.client_ca = file("text");
  CHECK(contains(refused(clients), file("text") + ": there is no certificate"));
  tls_options many;
  many.certificates.resize(most_certificates + 1);
  CHECK(contains(refused(many), "more than 64"));
}

TEST_CASE("ticket keys are made of chance", "[tls]") {
  ticket_key one;
  ticket_key other;
  REQUIRE(make_ticket_key(one));
  REQUIRE(make_ticket_key(other));
  CHECK(one.name != other.name);
  CHECK(one.mac != other.mac);
  CHECK(one.cipher != other.cipher);
}
