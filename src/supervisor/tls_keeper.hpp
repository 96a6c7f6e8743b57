// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/system_error.hpp"
#include "os/unique_fd.hpp"
#include "tls/material.hpp"

#include <cluster/options.hpp>

#include <cstdint>

namespace cluster {

/// What workers get for TLS: the contents of files, and the keys of session tickets that all of them share.
/// It reaches them as a memory file over their channels and is written nowhere else.
class tls_keeper {
 public:
  /// Reads the files anew. On failure (invalid_options, with the file in the detail) nothing changes.
  os::failure load(const tls_options& from);
  /// The keys of tickets grow a step older.
  os::failure rotate();
  /// Goes on with the keys that another supervisor has given to a worker. Nothing happens if that is not
  /// what the file holds.
  void take_tickets(int fd, std::uint64_t size);

  /// Of the memory file; zero: there is no TLS.
  std::uint64_t size() const noexcept { return size_; }
  os::unique_fd duplicate() const;
  std::chrono::seconds rotation() const noexcept {
    return size_ == 0 ? std::chrono::seconds(0) : now_.ticket_lifetime;
  }

 private:
  os::failure keep(tls::material next);

  tls::material now_;
  os::unique_fd file_;
  std::uint64_t size_ = 0;
};

}  // namespace cluster
