// SPDX-License-Identifier: BSL-1.0
// Listeners that the supervisor adds and takes away while this worker runs.
#include "worker/intake.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>

namespace cluster {

const listener* worker::impl::listener_of(std::uint64_t number) const noexcept {
  const auto found = std::ranges::find(listeners, number, &listener::number);
  return found == listeners.end() ? nullptr : &*found;
}

void worker::impl::take_listeners(const std::vector<listener>& added,
                                  std::vector<os::unique_fd>& descriptors) {
  using kind = ipc::listener_answer::kind;
  for (std::size_t i = 0; i < added.size(); ++i) {
    const std::uint64_t number = added[i].number;
    // Who leaves takes up nothing; and one supervisor may tell again what another one has told.
    if (notice || state == worker_state::exited || listener_of(number) != nullptr) continue;
    listeners.push_back(added[i]);
    listeners.back().native_handle = descriptors[i].release();
    const std::string refused = take_up(listener(listeners.back()));
    if (!refused.empty()) drop_listener(number);
    if (channel->is_open())
      channel->send(ipc::listener_answer{number, refused.empty() ? kind::taken : kind::refused, refused});
  }
}

// Why it is not, in words. Before it is ready it takes up whatever is there by then.
std::string worker::impl::take_up(const listener& added) {
  const bool used = taking || on_listener_added || state == worker_state::starting;
  if (!used) return "this program takes up no listeners while it runs; a reload makes it listen there";
  if (taking && !taking->add(added)) return "no descriptor is left";
  try {
    if (on_listener_added) on_listener_added(added);
  } catch (const std::exception& problem) {
    return problem.what();
  } catch (...) {
    return "something was thrown that is no std::exception";
  }
  return {};
}

void worker::impl::drop_listener(std::uint64_t number) {
  if (const listener* found = listener_of(number)) {
    const listener gone = *found;
    try {
      if (taking) taking->remove(number);
      if (on_listener_removed) on_listener_removed(gone);
    } catch (const std::exception& problem) {
      complain("listener " + gone.name, problem.what());
    } catch (...) {
      complain("listener " + gone.name, "something was thrown that is no std::exception");
    }
    ::close(gone.native_handle);
    std::erase_if(listeners, [&](const listener& each) { return each.number == number; });
  }
  if (channel->is_open())
    channel->send(ipc::listener_answer{number, ipc::listener_answer::kind::released, {}});
}

}  // namespace cluster
