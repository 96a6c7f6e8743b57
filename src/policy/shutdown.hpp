// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "policy/worker_machine.hpp"

#include <cluster/types.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cluster::policy {

using cluster::stop_mode;

/// The fleet is empty for good. Comes once, last.
struct finish {
  enum class outcome : std::uint8_t { clean, never_ready, failed };
  outcome how;
  std::string reason;  ///< the last failure in words, for never_ready and failed
};

/// How far the end of the fleet has come: asked for (gently or not), and over.
class shutdown {
 public:
  /// Somebody asks for the end. False if that changes nothing: only a harder request does.
  bool request(stop_mode);
  /// No worker ever became ready: a fast stop that nobody asked for. Only before any request.
  void give_up(std::string why);
  /// The last worker is gone.
  finish complete() { return complete({outcome_, reason_}); }
  finish complete(finish how);

  bool begun() const noexcept { return mode_.has_value(); }
  bool over() const noexcept { return over_; }
  /// What each worker is asked to do; only when begun.
  worker_input demand() const noexcept;

 private:
  std::optional<stop_mode> mode_;
  finish::outcome outcome_ = finish::outcome::clean;
  std::string reason_;
  bool over_ = false;
};

}  // namespace cluster::policy
