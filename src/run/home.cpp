// SPDX-License-Identifier: BSL-1.0
#include "run/home.hpp"

#include "os/address.hpp"
#include "os/rendezvous.hpp"

#include <cluster/control_client.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace cluster::run_detail {
namespace {

bool stays_the_same(const std::string& uri) {
  std::string ignored;
  const auto address = os::parse_listen_address(uri, ignored);
  if (!address) return false;
  switch (address->what) {
    case os::listen_address::kind::tcp: return address->port != 0;
    case os::listen_address::kind::unix_socket: return true;
    case os::listen_address::kind::inherited:
    case os::listen_address::kind::service_manager: return false;
  }
  return false;
}

// FNV-1a: the same in each version of the program.
std::string digest(const std::vector<std::string>& listen) {
  std::uint64_t sum = 0xCBF29CE484222325U;
  for (const std::string& each : listen)
    for (const char c : each + "\n") sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  std::string text;
  for (int i = 0; i < 8; ++i, sum >>= 4) text += "0123456789abcdef"[sum & 15];
  return text;
}

// Only in a folder that is ours and nobody else's to write in.
bool make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return false;
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() &&
         (found.st_mode & 022) == 0;
}

}  // namespace

std::string default_rendezvous(const options& settings) {
  if (settings.control == "off" || !settings.user.empty()) return {};
  std::string path;
  if (!settings.control.empty()) {
    path = settings.control + ".home";
  } else {
    if (settings.listen.empty() || !std::ranges::all_of(settings.listen, stays_the_same)) return {};
    path = default_control_path(settings.name);
    path = path.substr(0, path.rfind('/') + 1) + settings.name + "-" + digest(settings.listen) + ".home";
  }
  return path.size() > os::longest_rendezvous ? std::string() : path;
}

std::string private_rendezvous(const options& settings) {
  if (!settings.user.empty()) return {};  // who could not reach it
  const std::string folder = default_control_path(settings.name);
  std::string path = folder.substr(0, folder.rfind('/'));
  if (!make_folder(path)) return {};
  path += "/" + settings.name + "-" + std::to_string(::getpid()) + ".keeper.home";
  return path.size() > os::longest_rendezvous ? std::string() : path;
}

void settle_rendezvous(options& settings) {
  if (settings.rendezvous == "off") {
    settings.rendezvous.clear();
    return;
  }
  if (!settings.rendezvous.empty()) return;
  std::string path = default_rendezvous(settings);
  if (path.empty()) return;
  // A control socket's folder has to be there already; whoever may write there can replace that one too.
  if (settings.control.empty() && !make_folder(path.substr(0, path.rfind('/')))) return;
  settings.rendezvous = std::move(path);
}

}  // namespace cluster::run_detail
