// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/launch.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/process/v2/process.hpp>

namespace cluster::os {

/// A launched process as the process object of Boost.Process, whose vocabulary the project shares; its
/// launcher is the only part that ours replaces. Note what its destructor does: an object that was
/// neither waited for nor detach()ed kills the process.
inline boost::process::v2::basic_process<boost::asio::any_io_executor> to_process_object(
    const boost::asio::any_io_executor& executor, launched_process process) {
  return boost::process::v2::basic_process<boost::asio::any_io_executor>(executor, process.pid,
                                                                         process.pidfd.release());
}

}  // namespace cluster::os
