// SPDX-License-Identifier: BSL-1.0
#include "os/kept_file.hpp"
#include "support/catch.hpp"
#include "unit/os/surroundings.hpp"

#include <filesystem>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
namespace fs = std::filesystem;

TEST_CASE("a kept file is the same one although another was renamed into its place") {
  const scratch_folder folder;
  const std::string path = folder / "app";
  write_file(path, "one");
  kept_file kept;
  CHECK_FALSE(kept);
  CHECK_FALSE(kept.unchanged());
  REQUIRE_FALSE(kept.open(path));
  CHECK(kept);
  CHECK(kept.unchanged());
  CHECK((::fcntl(kept.fd(), F_GETFD) & FD_CLOEXEC) != 0);

  kept_file again;
  REQUIRE_FALSE(again.open(path));
  CHECK(kept.same_file(again));

  write_file(folder / "new", "two");
  fs::rename(folder / "new", path);
  CHECK(kept.unchanged());
  REQUIRE_FALSE(again.open(path));
  CHECK_FALSE(kept.same_file(again));
  fs::remove(path);
  CHECK(kept.unchanged());
}

TEST_CASE("a kept file that was written to is not unchanged") {
  const scratch_folder folder;
  const std::string path = folder / "app";
  write_file(path, "one");
  kept_file kept;
  REQUIRE_FALSE(kept.open(path));
  SECTION("longer") { write_file(path, "one and a half"); }
  SECTION("of the same length, later") {
    fs::last_write_time(path, fs::last_write_time(path) + std::chrono::seconds(1));
  }
  CHECK_FALSE(kept.unchanged());
  kept_file now;
  REQUIRE_FALSE(now.open(path));
  CHECK_FALSE(kept.same_file(now));
}

TEST_CASE("a file that is not there is refused with its path and keeps what was open") {
  const scratch_folder folder;
  write_file(folder / "app", "one");
  const std::size_t before = descriptor_count();
  {
    kept_file kept;
    REQUIRE_FALSE(kept.open(folder / "app"));
    const failure failed = kept.open(folder / "missing");
    CHECK(failed.code.value() == ENOENT);
    CHECK(failed.detail.find(folder / "missing") != std::string::npos);
    CHECK(kept.unchanged());
    CHECK(descriptor_count() == before + 1);
    const kept_file none;
    CHECK_FALSE(none.same_file(none));
  }
  CHECK(descriptor_count() == before);
}
