// SPDX-License-Identifier: BSL-1.0
#include <cluster/control_client.hpp>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace cluster {

std::vector<std::string> control_folders() {
  std::vector<std::string> folders;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && runtime[0] == '/') folders.push_back(std::string(runtime) + "/cluster");
  if (::geteuid() == 0) folders.emplace_back("/run/cluster");
  folders.push_back("/tmp/cluster-" + std::to_string(::geteuid()));
  return folders;
}

std::string default_control_path(const std::string& name) {
  return control_folders().front() + "/" + name + ".sock";
}

std::vector<std::string> control_sockets() {
  std::vector<std::string> found;
  for (const std::string& folder : control_folders()) {
    // Somebody else's folder of that name is not to be believed.
    struct stat what {};
    if (::lstat(folder.c_str(), &what) != 0 || !S_ISDIR(what.st_mode) || what.st_uid != ::geteuid()) continue;
    DIR* directory = ::opendir(folder.c_str());
    if (directory == nullptr) continue;
    std::vector<std::string> here;
    while (const dirent* each = ::readdir(directory)) {
      const std::string name = each->d_name;
      if (name.front() != '.' && name.ends_with(".sock")) here.push_back(folder + "/" + name);
    }
    ::closedir(directory);
    std::sort(here.begin(), here.end());
    found.insert(found.end(), here.begin(), here.end());
  }
  return found;
}

}  // namespace cluster
