// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/poll_set.hpp"

#include <cluster/http/options.hpp>
#include <cluster/listener.hpp>

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cluster::http {

/// Takes connections from shared listening sockets, one at a time. Owns duplicates of the descriptors:
/// closing those takes them out of the set and leaves the sockets alone.
///
/// In a set that is the host a connection wakes one worker, and they take turns: who had one queues up behind
/// the others. Only one that is sure to take what comes is woken alone; while it may leave a connection to
/// others (above its share, full, or short of descriptors) it watches along with whoever else is woken.
///
/// When descriptors or memory run out it rests for a while instead of failing in a tight loop, and says
/// so once until accepting works again.
class acceptor {
 public:
  using on_connection = std::function<void(int fd, const listener& from)>;

  acceptor(boost::asio::io_context& context, poll_set& set, const server_options& options,
           on_connection taken);
  ~acceptor();
  acceptor(const acceptor&) = delete;
  acceptor& operator=(const acceptor&) = delete;

  /// Throws boost::system::system_error.
  void add(const listener& from);

  /// Takes everything that is pending there, also beyond set_has_enough(), and gives that one back: nobody
  /// else would serve it. Not while held.
  void remove(std::uint64_t number);

  /// Frees what was removed. Not while a batch of events is looked at.
  void recycle() noexcept { removed_.clear(); }

  /// Asked before each accept: true lets the other workers go first, for a moment. Never a refusal.
  void set_above_share(std::function<bool()> above_share) { above_share_ = std::move(above_share); }

  /// Asked likewise: true leaves what comes in the queue until there is room again.
  void set_has_enough(std::function<bool()> has_enough) { has_enough_ = std::move(has_enough); }

  /// Asked after an accept: whether others accept from these sockets, to take turns with.
  void set_has_peers(std::function<bool()> has_peers) { has_peers_ = std::move(has_peers); }

  /// Before the set becomes host or guest, and after.
  void unwatch() noexcept;
  void listen();

  /// Connections came from elsewhere: there may be enough now.
  void reconsider();

  /// While somebody else accepts from these sockets.
  void hold(bool on);

  /// A listener has something, or had: another process may have been faster. Takes one connection, two where
  /// they crowd; returns whether there may be more at once.
  enum class sighting : std::uint8_t {
    alone,   ///< it was waited for, and nothing else came
    amid,    ///< it was waited for, and more came
    looking  ///< without having waited for it
  };
  bool ready(poll_target& target, sighting how);

  /// Takes everything that is pending (a drain owes it an answer), then close().
  void settle_and_close();
  void close() noexcept;

  std::uint64_t rests() const noexcept { return rests_; }

 private:
  struct entry : poll_target {
    int fd;
    listener from;
    bool exclusive = false;  ///< how it is watched
  };
  enum class result : std::uint8_t { taken, empty, exhausted, lost };

  /// So many without finding none, or waiting for the next two, in between: it is worth while to try for
  /// another one unasked. Rarely enough that a trickle costs next to no trial in vain.
  static constexpr unsigned crowd = 32;

  result accept_one(entry& from);
  bool watch(entry& one) noexcept;
  void take_turns(entry& one);
  bool may_have_more(result last);
  bool has_enough() const { return has_enough_ && has_enough_(); }
  bool above_share() const { return above_share_ && above_share_(); }
  bool has_peers() const { return has_peers_ && has_peers_(); }
  void settle(entry& from, bool regardless);
  void close(entry& one) noexcept;
  void rest();
  void complain(const std::string& what) const;
  void let_others_go_first();
  void pause(std::chrono::milliseconds time);
  bool listens() const noexcept { return !resting_ && !held_; }
  void resume();

  poll_set& set_;
  const server_options& options_;
  on_connection taken_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      timer_;
  std::vector<std::unique_ptr<entry>> entries_;
  std::vector<std::unique_ptr<entry>> removed_;  ///< events that were fetched already may point to them
  std::shared_ptr<const char> alive_ = std::make_shared<const char>('\0');
  std::uint64_t rests_ = 0;
  std::function<bool()> above_share_;
  std::function<bool()> has_enough_;
  std::function<bool()> has_peers_;
  unsigned in_a_row_ = 0;
  sighting last_ = sighting::alone;
  bool held_ = false;
  bool resting_ = false;
  bool waited_ = false;  ///< the others had their moment: the next connection is ours
  bool complained_ = false;
};

}  // namespace cluster::http
