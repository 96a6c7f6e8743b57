// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace cluster::http {

/// Whether a set of descriptors that was just served is worth another look at once. One that finds something
/// saves the way through Asio and a system call of its own, one in vain costs a system call: which it will be
/// is told by what became of the last ones. Now and then it is tried whatever they say.
class second_look {
 public:
  bool pays() noexcept { return found_ > one / 2 || ++passed_over_ % 32 == 0; }
  void was(bool in_vain) noexcept { found_ += ((in_vain ? 0 : one) - found_) / 8; }

 private:
  static constexpr int one = 1024;
  int found_ = 0;  ///< share of looks that were not in vain, the recent ones above all
  unsigned passed_over_ = 0;
};

}  // namespace cluster::http
