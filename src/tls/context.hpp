// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tls/material.hpp"

#include <memory>
#include <string>

namespace cluster::tls {

class session;

/// A server's side of TLS, made of a material once and then the same for all its connections.
/// Thread-safety: safe for use by sessions of one thread.
class context {
 public:
  /// Null if nothing can be made of it; then `why` is one line that names the file.
  static std::shared_ptr<const context> make(const material& from, std::string& why);

  context() = default;
  context(const context&) = delete;
  context& operator=(const context&) = delete;
  virtual ~context() = default;

  /// `self` is this object; its sessions keep it.
  virtual std::unique_ptr<session> begin(std::shared_ptr<const context> self) const = 0;
};

/// What the component `tls` brings. A program that is not linked with it has no TLS and carries nothing of
/// OpenSSL: merely having that loaded costs each process half a megabyte.
struct provider {
  std::shared_ptr<const context> (*make)(const material& from, std::string& why);
};

}  // namespace cluster::tls

/// Defined by the component alone; elsewhere its address is null.
extern "C" __attribute__((weak, visibility("default"))) const cluster::tls::provider*
cluster_tls_provider() noexcept;
