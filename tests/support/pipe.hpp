// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/unique_fd.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace cluster::test {

/// A pipe, of which each end is closed by itself or with it.
struct pipe_ends {
  pipe_ends() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    from.reset(ends[0]);
    to.reset(ends[1]);
  }

  os::unique_fd from;
  os::unique_fd to;
};

}  // namespace cluster::test
