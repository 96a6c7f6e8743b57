// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/message.hpp"
#include "os/incoming.hpp"
#include "os/unique_fd.hpp"
#include "policy/dispatch.hpp"

#include <cluster/log.hpp>
#include <cluster/routing.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace cluster {

/// Accepts connections in the supervisor and shows each to a worker.
///
/// A connection stays in the table here, open, until its worker has acknowledged it, which it does before it
/// reads: so what a dead worker has not acknowledged goes to another one, as if nothing had been. What waits
/// here is bounded; the rest waits in the accept queue.
class usher : public std::enable_shared_from_this<usher> {
 public:
  struct settings {
    policy::connection_limits limits;
    connection_router router;
    logger log;
    /// Sends an offer to a worker; an error means that its channel is of no use any more.
    std::function<error_code(worker_id, const ipc::offer&, os::unique_fd)> give;
  };

  usher(boost::asio::any_io_executor executor, settings how)
      : executor_(std::move(executor)), how_(std::move(how)), who_(how_.limits), retry_(executor_) {}

  /// A socket to accept from; takes the descriptor. `number` is the listener's, counted from 1. Nothing is
  /// accepted before open(source, true).
  std::size_t add(os::unique_fd listening, std::uint64_t number, std::string name);
  void open(std::size_t source, bool accept);
  /// Nothing new comes to that listener any more: what waits in its sources is taken in and handed out, then
  /// they are closed. False: not all could be taken in at this moment.
  bool finish(std::uint64_t number);
  /// Whether connections from that listener are still here.
  bool holds(std::uint64_t number) const;

  void serve(worker_id worker, slot_id slot);
  void leave(worker_id worker) { who_.leave(worker); }
  /// It is dead; what it said last has been heard.
  void gone(worker_id worker);
  /// False: this worker was never offered that.
  bool on_taken(worker_id worker, std::uint64_t number);
  bool on_declined(worker_id worker, std::uint64_t number);

  /// The end is near: what is in the accept queues now is still handed out.
  void settle();
  void close();

  const policy::dispatcher& turns() const noexcept { return who_; }
  std::size_t held() const noexcept { return in_flight_.size() + waiting_.size() + peeking_.size(); }

 private:
  using descriptor_type = boost::asio::posix::basic_stream_descriptor<boost::asio::any_io_executor>;

  struct source {
    descriptor_type socket;
    std::uint64_t number;
    std::string name;
    bool open = false;
    bool waiting = false;  ///< for a connection
  };
  using source_pointer = std::shared_ptr<source>;  ///< what comes from it may outlast it
  struct guest {
    os::incoming from;
    std::shared_ptr<const source> at;
    connection_choice choice;
  };
  struct peeker {
    guest who;
    descriptor_type socket;
    boost::asio::steady_timer deadline;
  };

  bool limited() const noexcept { return how_.limits.each != 0 || how_.limits.total != 0; }
  bool holds_enough() const;
  void wait(const source_pointer& at);
  void wait_at_all();
  bool accept_from(const source_pointer& at);
  void take_in(const source_pointer& at, bool regardless);
  void welcome(guest who);
  void look_at(std::uint64_t which, bool complete);
  connection_choice choose(const guest& who, std::string_view first, bool complete) const;
  bool send(guest& who);
  void place(guest who);
  void pump();
  void rest(std::chrono::milliseconds time);

  boost::asio::any_io_executor executor_;
  settings how_;
  policy::dispatcher who_;
  std::map<std::size_t, source_pointer> sources_;
  std::map<std::uint64_t, guest> in_flight_;
  std::deque<guest> waiting_;                ///< for a worker that has room
  std::map<std::uint64_t, peeker> peeking_;  ///< by number: their handlers may come when they are gone
  std::set<worker_id> refuse_;               ///< they take nothing
  boost::asio::steady_timer retry_;
  bool resting_ = false;
  bool complained_ = false;
  std::size_t last_source_ = 0;
  std::uint64_t last_number_ = 0;
};

}  // namespace cluster
