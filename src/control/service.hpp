// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "control/fields.hpp"
#include "control/render.hpp"
#include "control/reply.hpp"
#include "control/ring.hpp"
#include "control/routes.hpp"

#include <cluster/supervisor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cluster::control {

/// Replaces the supervisor's process; calls back with why not, or with nothing.
using upgrade_hook = std::function<void(std::function<void(std::string why)>)>;

/// What the interface does, without sockets: takes one request, answers once. Belongs to the executor of
/// the supervisor; after detach() it answers that the cluster is gone.
class service : public std::enable_shared_from_this<service> {
 public:
  explicit service(supervisor& owner);

  /// Begins to observe. `news` is called whenever a stream may have more to say.
  void start(std::function<void()> news);
  void detach();
  void on_upgrade(upgrade_hook hook) { upgrade_ = std::move(hook); }

  void handle(const call& what, const answer& done);

 private:
  struct event_entry {
    std::uint64_t sequence;
    std::string text;
    std::size_t size() const { return text.size(); }
  };

  struct line_entry {
    std::uint64_t sequence;
    std::uint64_t slot;
    bool error;
    std::string json;
    std::size_t size() const { return json.size(); }
  };

  void show_status(const call&, const answer&);
  void show_events(const call&, const answer&);
  void show_logs(const call&, const answer&);
  void take_line(const output_line&);
  void tell_news();
  void show_metrics(const call&, const answer&);
  void show_health(const call&, const answer&);
  void show_readiness(const call&, const answer&);
  reply readiness(bool alive_is_enough);
  measurements measure(const cluster_status&, bool with_pss);

  // Those that change something: service_commands.cpp.
  void reload(const call&, const answer&);
  void abort_reload(const call&, const answer&);
  void scale(const call&, const answer&);
  void stop(const call&, const answer&);
  void upgrade(const call&, const answer&);
  void scale_between(std::uint64_t least, std::uint64_t most, const answer&);
  void add_listener(const call&, const answer&);
  void remove_listener(const call&, std::string_view name, const answer&);
  void one_worker(const call&, std::uint64_t id, bool restart, const answer&);
  void pause(const call&, std::uint64_t id, bool on, const answer&);

  supervisor* owner_;
  std::shared_ptr<void> observing_;
  std::function<void()> news_;
  upgrade_hook upgrade_;
  ring<event_entry> events_{1024, 512 * 1024};
  std::shared_ptr<void> observing_output_;
  ring<line_entry> lines_{4096, 1024 * 1024};
  bool news_pending_ = false;
  std::string run_;  ///< of this life of the service: ids of another one's events mean nothing here
  std::uint64_t latest_rollout_ = 0;
  rate_meter rates_;
};

}  // namespace cluster::control
