// SPDX-License-Identifier: BSL-1.0
#include "os/executable.hpp"

#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace cluster::os {
namespace {

bool same_inode(const char* one, const char* other) {
  struct stat a {};
  struct stat b {};
  return ::stat(one, &a) == 0 && ::stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// $PWD keeps the symbolic links that the user walked through; it is believed only if it is right.
std::string working_directory() {
  const char* logical = std::getenv("PWD");
  if (logical != nullptr && *logical == '/' && same_inode(logical, ".")) return logical;
  std::error_code ec;
  return std::filesystem::current_path(ec).string();
}

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  return working_directory() + "/" + (path.starts_with("./") ? path.substr(2) : path);
}

failure this_program(std::string& out) {
  // What execve was given; for a script it would be the interpreter, which is right as well.
  const auto* given =
      reinterpret_cast<const char*>(::getauxval(AT_EXECFN));  // NOLINT(performance-no-int-to-ptr)
  const std::string started = given != nullptr && *given != '\0' ? absolute(given) : std::string();
  if (!started.empty() && same_inode(started.c_str(), "/proc/self/exe")) {
    out = started;
    return {};
  }
  // The kernel's word for it, which says "(deleted)" of a file that is gone. Under valgrind only the words
  // are about this program, what is opened through them is valgrind itself: then both words have to mean one
  // file.
  std::error_code ec;
  out = std::filesystem::read_symlink("/proc/self/exe", ec).string();
  const bool right = same_inode(out.c_str(), "/proc/self/exe") ||
                     (!started.empty() && same_inode(out.c_str(), started.c_str()));
  if (ec || !right)
    return refused_option("executable: the file of this program is gone, so its workers cannot be started; " +
                          std::string("name one in options::executable"));
  return {};
}

}  // namespace

failure locate_executable(const std::string& path, std::string& out) {
  if (path.empty()) return this_program(out);
  out = absolute(path);
  if (::access(out.c_str(), X_OK) != 0)
    return refused_option("executable: " + out + ": " + last_error().message());
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(out, ignored))
    return refused_option("executable: " + out + ": is not a regular file");
  return {};
}

}  // namespace cluster::os
