// SPDX-License-Identifier: BSL-1.0
#include <cluster/error.hpp>

#include <string>

namespace cluster {
namespace {

const char* sentence(error value) noexcept {
  switch (value) {
    case error::invalid_options: return "an option is out of range or contradicts another";
    case error::invalid_address: return "a listen address could not be read";
    case error::bind_failed: return "a listener could not be bound";
    case error::never_ready: return "no worker ever became ready";
    case error::workers_failed: return "all workers ended and none is to be started again";
    case error::already_running: return "the supervisor is already running";
    case error::not_running: return "the supervisor is not running";
    case error::not_a_worker: return "this process was not started by a supervisor";
    case error::owned_elsewhere: return "another supervisor owns this cluster";
    case error::launch_failed: return "a worker process could not be started";
    case error::protocol_error: return "the other end of the channel broke the protocol";
    case error::protocol_version: return "the other end of the channel speaks an incompatible version";
    case error::channel_closed: return "the other end of the channel is gone";
    case error::message_too_large: return "the message does not fit the channel's limits";
    case error::queue_full: return "the other end reads too slowly and the queue is full";
    case error::descriptors_lost: return "descriptors were sent but did not all arrive";
    case error::timed_out: return "the deadline passed";
    case error::reload_failed: return "the rolling replacement did not complete";
    case error::reload_running: return "a rolling replacement is under way";
    case error::not_handled: return "the receiver does not answer requests of this kind";
    case error::unknown_listener: return "there is no listener of that name";
    case error::worker_unavailable: return "the worker is unknown, not ready or being replaced already";
  }
  return "unknown error";
}

class category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "cluster"; }
  std::string message(int value) const override { return sentence(static_cast<error>(value)); }
};

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

error_code make_error_code(error value) noexcept { return {static_cast<int>(value), error_category()}; }

}  // namespace cluster
