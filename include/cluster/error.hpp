// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace cluster {

using error_code = boost::system::error_code;

/// What can go wrong beyond the errors of the system. Each value is one sentence in message().
enum class error {
  invalid_options = 1,  ///< an option is out of range or contradicts another
  invalid_address,      ///< a listen URI could not be read
  bind_failed,          ///< a listener could not be bound
  never_ready,          ///< no worker ever became ready and the restart limit was reached
  workers_failed,       ///< all workers ended and none of them is to be started again
  already_running,      ///< async_run was called twice
  not_running,          ///< the supervisor is not running (any more)
  not_a_worker,         ///< this process was not started by a supervisor
  owned_elsewhere,      ///< another supervisor owns this cluster
  launch_failed,        ///< a worker process could not be started
  protocol_error,       ///< the other end of a channel broke the protocol
  protocol_version,     ///< the other end of a channel speaks an incompatible version
  channel_closed,       ///< the other end of a channel is gone
  message_too_large,    ///< a message does not fit the channel's limits
  queue_full,           ///< the other end reads too slowly and the bounded queue is full
  descriptors_lost,     ///< descriptors were sent but did not all arrive
  timed_out,            ///< a deadline passed
  reload_failed,        ///< a rolling replacement did not complete
  reload_running,       ///< a rolling replacement is under way; one at a time
  worker_unavailable,   ///< the worker is unknown, not ready, or being replaced already
  not_handled,          ///< the receiver of a request has no handler for it, or did not answer
  unknown_listener      ///< there is no listener of that name
};

CLUSTER_API const boost::system::error_category& error_category() noexcept;
CLUSTER_API error_code make_error_code(error) noexcept;

}  // namespace cluster

template <>
struct boost::system::is_error_code_enum<cluster::error> : std::true_type {};
