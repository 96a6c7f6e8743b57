// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/unique_fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cluster::os {

/// Finds names for addresses of code in another process: the function, where the file that was mapped there
/// still has its table of symbols, else file+0xOFFSET, which addr2line understands. Whatever is in those
/// files is looked at with care, within bounds.
class code_names {
 public:
  explicit code_names(pid_t process);

  /// "do_work", "libc.so.6+0x9287a", or "0x7f..." where nothing is known.
  std::string name(std::uint64_t address) const;

 private:
  struct function {
    std::uint64_t from;
    std::uint64_t to;
    std::string name;
  };
  struct mapping {
    std::uint64_t from;
    std::uint64_t to;
    std::uint64_t offset;
    std::uint64_t inode;
    std::string path;
  };

  unique_fd open(const mapping& what) const;

  pid_t process_;
  std::vector<mapping> code_;
};

/// What a thread that cannot answer waits for, as the kernel tells others: "futex_wait_queue", or nothing.
std::string kernel_wait_of(pid_t process, pid_t thread);

}  // namespace cluster::os
