// SPDX-License-Identifier: BSL-1.0
#include "ctl/exit_code.hpp"

namespace cluster::ctl {

std::string_view meaning_of(int exit_code) noexcept {
  switch (exit_code) {
    case exit_clean: return "clean";
    case exit_failed: return "failed while running";
    case exit_usage: return "bad usage or configuration";
    case exit_bind: return "could not bind";
    case exit_never_ready: return "workers never became ready";
    case exit_owned: return "another supervisor owns this cluster";
    default: return "a code of the program's own";
  }
}

}  // namespace cluster::ctl
