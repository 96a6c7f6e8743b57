// SPDX-License-Identifier: BSL-1.0
#include "policy/shutdown.hpp"

#include <utility>

namespace cluster::policy {

bool shutdown::request(stop_mode asked) {
  if (over_ || mode_ == stop_mode::fast || mode_ == asked) return false;
  mode_ = asked;
  return true;
}

void shutdown::give_up(std::string why) {
  mode_ = stop_mode::fast;
  outcome_ = finish::outcome::never_ready;
  reason_ = std::move(why);
}

finish shutdown::complete(finish how) {
  over_ = true;
  return how;
}

worker_input shutdown::demand() const noexcept {
  return mode_ == stop_mode::fast ? worker_input::terminate_requested : worker_input::drain_requested;
}

}  // namespace cluster::policy
