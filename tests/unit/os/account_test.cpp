// SPDX-License-Identifier: BSL-1.0
#include "os/account.hpp"
#include "support/catch.hpp"
#include "unit/os/other_user.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

bool no_root() {
  if (::geteuid() == 0) return false;
  skipped("identities can be looked up by root only");
  return true;
}

struct refused_case {
  const char* user;
  const char* group;
  const char* words;
};

}  // namespace

TEST_CASE("a user brings its own groups along") {
  if (no_root()) return;
  const struct passwd* entry = ::getpwnam("daemon");
  if (entry == nullptr) return skipped("there is no user 'daemon'");
  const uid_t uid = entry->pw_uid;
  const gid_t gid = entry->pw_gid;
  for (const std::string& user : {std::string("daemon"), std::to_string(uid)}) {
    identity who{};
    const failure failed = resolve_identity(user, "", who);
    INFO(failed.detail);
    REQUIRE_FALSE(failed);
    CHECK(who.user == uid);
    CHECK(who.group == gid);
    CHECK(std::ranges::count(who.groups, gid) == 1);
    CHECK(std::ranges::count(who.groups, 0U) == 0);  // root's groups are not kept
  }
}

TEST_CASE("a group given by name or number is the only group") {
  if (no_root()) return;
  const struct group* entry = ::getgrnam("daemon");
  if (entry == nullptr) return skipped("there is no group 'daemon'");
  const gid_t gid = entry->gr_gid;
  for (const std::string& group : {std::string("daemon"), std::to_string(gid)}) {
    identity who{};
    REQUIRE_FALSE(resolve_identity("nobody", group, who));
    CHECK(who.group == gid);
    CHECK(who.groups == std::vector<gid_t>{gid});
    CHECK(who.user == ::getpwnam("nobody")->pw_uid);
  }
}

TEST_CASE("a group without a user leaves the user as it is") {
  if (no_root()) return;
  identity who{};
  REQUIRE_FALSE(resolve_identity("", "4242", who));
  CHECK(who.user == ::geteuid());
  CHECK(who.group == 4242);
  CHECK(who.groups == std::vector<gid_t>{4242});
}

TEST_CASE("a number without an entry in the user database needs a group") {
  if (no_root()) return;
  identity who{};
  const failure failed = resolve_identity("54321", "", who);
  CHECK(failed.code == error::invalid_options);
  CHECK(failed.detail.find("54321") != std::string::npos);
  CHECK(failed.detail.find("group") != std::string::npos);
  REQUIRE_FALSE(resolve_identity("54321", "54322", who));
  CHECK(who.user == 54321);
  CHECK(who.group == 54322);
}

TEST_CASE("unknown accounts and numbers that mean something else are refused") {
  if (no_root()) return;
  const auto each = GENERATE(values<refused_case>({
      {"no-such-user-here", "", "no-such-user-here"},
      {"", "no-such-group-here", "no-such-group-here"},
      {"nobody", "no-such-group-here", "no-such-group-here"},
      {"-1", "", "-1"},
      {"0x0", "", "0x0"},
      // 2^32 would be root after truncation, 2^32-1 means "unchanged" to the kernel and stays root.
      {"4294967296", "1", "4294967296"},
      {"4294967295", "1", "4294967295"},
      {"1", "4294967296", "4294967296"},
      {"1", "4294967295", "4294967295"},
      {"18446744073709551615", "1", "18446744073709551615"},
  }));
  identity who{};
  const failure failed = resolve_identity(each.user, each.group, who);
  INFO("user '" << each.user << "', group '" << each.group << "': " << failed.detail);
  CHECK(failed.code == error::invalid_options);
  CHECK(failed.detail.find(each.words) != std::string::npos);
}

TEST_CASE("without privileges no identity can be changed, and the refusal says so") {
  failure failed;
  const bool tried = without_privileges([&] {
    identity who{};
    failed = resolve_identity("nobody", "", who);
  });
  if (!tried) return skipped("this root cannot give up its privileges");
  CHECK(failed.code == error::invalid_options);
  CHECK(failed.detail.find("root") != std::string::npos);
}
