// SPDX-License-Identifier: BSL-1.0
#include "os/account.hpp"

#include "common/text.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdint>
#include <limits>

namespace cluster::os {
namespace {

// The highest number is left out: to the kernel it means "leave as it is", which would stay root.
bool is_identity(std::uint64_t number) { return number < std::numeric_limits<uid_t>::max(); }

failure find_group(const std::string& group, gid_t& out) {
  if (const auto number = parse_number(group)) {
    if (!is_identity(*number)) return refused_option("group: " + group + " is out of range");
    out = static_cast<gid_t>(*number);
    return {};
  }
  const struct group* entry = ::getgrnam(group.c_str());
  if (entry == nullptr) return refused_option("group: there is no group '" + group + "'");
  out = entry->gr_gid;
  return {};
}

std::vector<gid_t> groups_of(const char* name, gid_t primary) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(name, primary, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
    ::getgrouplist(name, primary, groups.data(), &count);
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

}  // namespace

failure resolve_identity(const std::string& user, const std::string& group, identity& out) {
  if (::geteuid() != 0)
    return refused_option("user, group: changing the workers' identity needs root; this process is user " +
                          std::to_string(::geteuid()));
  out = {::geteuid(), ::getegid(), {::getegid()}};
  const struct passwd* entry = nullptr;
  if (!user.empty()) {
    const auto number = parse_number(user);
    if (number && !is_identity(*number)) return refused_option("user: " + user + " is out of range");
    entry = number ? ::getpwuid(static_cast<uid_t>(*number)) : ::getpwnam(user.c_str());
    if (entry == nullptr && !number) return refused_option("user: there is no user '" + user + "'");
    out.user = entry != nullptr ? entry->pw_uid : static_cast<uid_t>(*number);
    if (entry == nullptr && group.empty())
      return refused_option("user: number " + user +
                            " has no entry in the user database, so group is needed");
  }
  if (!group.empty()) {
    if (failure failed = find_group(group, out.group)) return failed;
    out.groups = {out.group};
  } else if (entry != nullptr) {
    out.group = entry->pw_gid;
    out.groups = groups_of(entry->pw_name, entry->pw_gid);
  }
  return {};
}

}  // namespace cluster::os
