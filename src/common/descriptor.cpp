// SPDX-License-Identifier: BSL-1.0
#include <cluster/message.hpp>

#include <unistd.h>

namespace cluster {

void descriptor::close() noexcept {
  // EINTR from close on Linux still closes, so there is nothing to repeat.
  if (const int old = release(); old >= 0) ::close(old);
}

}  // namespace cluster
