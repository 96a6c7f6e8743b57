// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ipc/channel.hpp"

#include <cluster/worker.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cluster {

/// Moves live connections between two workers over a line that the supervisor made: away from this one to
/// its heirs while it drains, and into this one from others that drain.
///
/// The rule that loses nothing: the sender keeps a copy of descriptor and unread octets until the heir
/// says `taken`, and the heir says so before it reads. No answer and the line gone means that the heir
/// has read nothing, so the sender goes on with the connection as if nothing had been.
class mover : public std::enable_shared_from_this<mover> {
 public:
  /// Gets a connection that arrived, or came back; false: it cannot be taken (the descriptor stays ours).
  using arrival_handler = std::function<bool(moving_connection&&)>;

  explicit mover(boost::asio::io_context& context) : context_(context) {}

  void on_arrival(arrival_handler handler) { on_arrival_ = std::move(handler); }
  /// Called when moving became possible (again), or the last connection under way has settled.
  void on_change(std::function<void()> handler) { on_change_ = std::move(handler); }
  /// This worker drains itself: what is offered to it from now on is declined.
  void take_no_more() noexcept { closed_ = true; }

  void add_heir(os::unique_fd line);
  void add_source(os::unique_fd line);

  /// What the supervisor offers over its channel; `from` is where it was accepted. Unlike a draining worker
  /// it may be gone without taking anything back, so a connection that arrived is served in any case.
  void on_offer_from_supervisor(ipc::channel& channel, const ipc::offer& what, os::unique_fd connection,
                                const listener* from);

  bool possible() const noexcept;
  /// Sends a connection on its way and returns true, or leaves it as it is.
  bool move(moving_connection& what);
  std::size_t under_way() const noexcept;
  std::uint64_t moved() const noexcept { return moved_; }
  void close();

 private:
  struct pending {
    os::unique_fd fd;
    std::string unread;
    std::string state;
  };
  /// A line to one heir, with what it has not acknowledged yet. The last ones of that may wait for others to
  /// go with them, until the turn is over: a message is dearer than a descriptor in it.
  struct heir {
    std::shared_ptr<ipc::channel> line;
    std::map<std::uint64_t, pending> unsettled;
    std::uint64_t last_number = 0;
    std::vector<int> together;
  };

  /// A line from a worker that drains, with what it has offered in this turn.
  struct source {
    struct offered {
      std::uint64_t number;
      pending connection;
    };
    std::shared_ptr<ipc::channel> line;
    std::vector<offered> offers;
  };

  void on_answer(heir& from, const ipc::message& what);
  void lose(heir& gone);
  void give_back(pending back);
  void on_offer(source& from, const ipc::message& what, std::vector<os::unique_fd> descriptors);
  void take_offers(source& from);
  heir* next_heir() noexcept;
  void send_soon();
  static void send(heir& to);
  void changed();

  boost::asio::io_context& context_;
  arrival_handler on_arrival_;
  std::function<void()> on_change_;
  std::list<heir> heirs_;
  std::list<source> sources_;
  std::uint64_t moved_ = 0;
  bool sends_soon_ = false;
  bool closed_ = false;
};

}  // namespace cluster
