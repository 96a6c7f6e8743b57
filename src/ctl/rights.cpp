// SPDX-License-Identifier: BSL-1.0
// What doctor says of the control sockets' place: who may enter, and what lies there.
#include "ctl/doctor.hpp"

#include <cluster/control_client.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace cluster::ctl {
namespace {

std::string octal(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

finding folder(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    const std::string above = std::filesystem::path(path).parent_path().string();
    const bool can = errno == ENOENT && ::access(above.c_str(), W_OK | X_OK) == 0;
    return {"control-folder", path + " is not there yet", can,
            can ? "The first cluster makes it, for this user alone."
                : "It cannot be made in " + above +
                      " by this user: set XDG_RUNTIME_DIR, or give --control PATH."};
  }
  const std::string value = path + " mode " + octal(found.st_mode);
  if (!S_ISDIR(found.st_mode))
    return {"control-folder", path, false,
            "It is not a folder; remove it, or no control interface is served there."};
  if (found.st_uid != ::geteuid())
    return {"control-folder", value + " of user " + std::to_string(found.st_uid), false,
            "It belongs to somebody else and is not used; set XDG_RUNTIME_DIR, or give --control PATH."};
  if ((found.st_mode & 022) != 0)
    return {"control-folder", value, false,
            "Others may write there, so it is not used: chmod 700 " + path + "."};
  return {"control-folder", value, true, "Only this user may put sockets there."};
}

finding sockets() {
  std::string open;
  std::string silent;
  std::size_t count = 0;
  for (const std::string& path : control_sockets()) {
    ++count;
    struct stat found {};
    if (::lstat(path.c_str(), &found) == 0 && (found.st_mode & 0177) != 0) open += " " + path;
    control_client client(path);
    control_reply ignored;
    if (client.request("GET", "/healthz", {}, ignored, std::chrono::seconds(2))) silent += " " + path;
  }
  const std::string value = std::to_string(count) + (count == 1 ? " socket" : " sockets");
  if (!open.empty())
    return {"control-sockets", value, false,
            "Beyond mode 0600, though the peer's user is checked all the same:" + open + "."};
  if (!silent.empty())
    return {"control-sockets", value, false,
            "Nobody answers at" + silent + "; the next start of that cluster replaces it."};
  return {"control-sockets", value, true, "Each is for this user alone, and answers."};
}

}  // namespace

std::vector<finding> socket_rights() { return {folder(control_folders().front()), sockets()}; }

}  // namespace cluster::ctl
