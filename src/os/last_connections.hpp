// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"

namespace cluster::os {

/// Lets a listening socket finish what it has begun and begin nothing new, for all who share it: the first
/// packets of further connections are dropped, so their clients wait, and find out when the last copy of the
/// socket is closed. Without it a connection that completes between the last accept and the close would be
/// reset. What is no TCP socket is left as it is.
error_code begin_no_more(int fd);

}  // namespace cluster::os
