// SPDX-License-Identifier: BSL-1.0
#include "supervisor/tls_keeper.hpp"
#include "os/sealed_file.hpp"
#include "support/catch.hpp"
#include "support/tls.hpp"
#include "unit/os/surroundings.hpp"

#include <fstream>

using namespace cluster;

namespace {

struct files {
  files() : path(test::write_identity(folder.path(), "a", root.issue({"a.test"}))) {
    options.certificates = {{path + ".pem", path + ".key"}};
  }
  test::scratch_folder folder;
  test::authority root;
  std::string path;
  tls_options options;
};

tls::material given(const tls_keeper& by) {
  const os::unique_fd file = by.duplicate();
  std::string text;
  REQUIRE_FALSE(os::read_sealed_file(file.get(), by.size(), text));
  const auto found = tls::decode(text);
  REQUIRE(found);
  return *found;
}

}  // namespace

TEST_CASE("workers are given the files' contents and keys of tickets, in a file that nobody can change",
          "[tls]") {
  const files at;
  tls_keeper keeper;
  CHECK(keeper.size() == 0);
  CHECK(keeper.rotation().count() == 0);
  REQUIRE_FALSE(keeper.load(at.options));
  const tls::material first = given(keeper);
  CHECK(first.certificates.front().key.find("PRIVATE KEY") != std::string::npos);
  REQUIRE(first.tickets);
  CHECK(first.tickets->current.mac != first.tickets->previous.mac);
  CHECK(keeper.rotation() == std::chrono::hours(12));
}

TEST_CASE("keys of tickets outlive new files and grow older with each rotation", "[tls]") {
  const files at;
  tls_keeper keeper;
  REQUIRE_FALSE(keeper.load(at.options));
  const auto before = given(keeper).tickets;
  REQUIRE_FALSE(keeper.load(at.options));
  CHECK(given(keeper).tickets == before);
  REQUIRE_FALSE(keeper.rotate());
  const auto after = given(keeper).tickets;
  CHECK(after->previous == before->current);
  CHECK(after->current == before->next);
  CHECK_FALSE(after->next == before->next);
}

TEST_CASE("files that are not good change nothing", "[tls]") {
  const files at;
  tls_keeper keeper;
  REQUIRE_FALSE(keeper.load(at.options));
  const tls::material before = given(keeper);
  std::ofstream(at.path + ".key") << "nonsense";
  const os::failure failed = keeper.load(at.options);
  CHECK(failed.code == error::invalid_options);
  CHECK(failed.detail.find(at.path + ".key") != std::string::npos);
  CHECK(given(keeper) == before);
  REQUIRE_FALSE(keeper.rotate());  // what was good goes on
  REQUIRE_FALSE(keeper.load({}));
  CHECK(keeper.size() == 0);
  REQUIRE_FALSE(keeper.rotate());
}

TEST_CASE("a new supervisor goes on with the keys that it finds at workers, if they are such", "[tls]") {
  const files at;
  tls_keeper old;
  tls_keeper fresh;
  REQUIRE_FALSE(old.load(at.options));
  REQUIRE_FALSE(fresh.load(at.options));
  const auto own = given(fresh).tickets;
  os::unique_fd nonsense;
  REQUIRE_FALSE(os::make_sealed_file("nonsense", nonsense));
  fresh.take_tickets(nonsense.get(), 8);
  fresh.take_tickets(nonsense.get(), 9);
  fresh.take_tickets(-1, 8);
  fresh.take_tickets(nonsense.get(), ~std::uint64_t{0});
  CHECK(given(fresh).tickets == own);
  const os::unique_fd file = old.duplicate();
  fresh.take_tickets(file.get(), old.size());
  CHECK(given(fresh).tickets == given(old).tickets);
}
