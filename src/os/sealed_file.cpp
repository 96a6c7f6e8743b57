// SPDX-License-Identifier: BSL-1.0
#include "os/sealed_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cluster::os {
namespace {

constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

failure broken(const char* what) {
  const error_code ec = last_error();
  return {ec, std::string(what) + ": " + ec.message()};
}

}  // namespace

failure make_sealed_file(std::string_view content, unique_fd& out) {
  unique_fd file(::memfd_create("cluster-message", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return broken("memory file");
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return broken("memory file");
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fcntl(file.get(), F_ADD_SEALS, seals | F_SEAL_SEAL) != 0) return broken("sealing a memory file");
  out = std::move(file);
  return {};
}

failure read_sealed_file(int fd, std::size_t size, std::string& out) {
  struct stat info {};
  const int found = ::fcntl(fd, F_GET_SEALS);
  if (found < 0 || (found & seals) != seals || ::fstat(fd, &info) != 0 ||
      info.st_size != static_cast<off_t>(size))
    return {make_error_code(error::protocol_error), "the content is not a sealed memory file of its size"};
  out.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::pread(fd, out.data() + done, size - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return broken("reading a memory file");
    done += static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace cluster::os
