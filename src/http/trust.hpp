// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "common/ip_address.hpp"
#include "wire/request_head.hpp"

#include <cluster/proxy.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace cluster::http {

/// Where a request came from first.
struct origin {
  std::string client;       ///< as peer_name() shows it, without a port if none was told
  std::string_view scheme;  ///< empty: nothing was said
  std::string_view host;    ///< likewise
};

/// Which peers are believed, and what follows from it.
class trust {
 public:
  /// Throws std::invalid_argument.
  explicit trust(const proxy_options& from);

  /// Whether a peer on a listener of the PROXY protocol may speak for others. `peer` as peer_name() shows it.
  bool may_introduce(std::string_view peer) const { return (networks_.empty() && !unix_) || knows(peer); }
  bool reads_fields() const noexcept { return fields_ != proxy_options::fields::none; }

  /// From the last trusted proxy back along the chain: the first address that is not trusted is the client,
  /// whatever stands before it.
  origin resolve(std::string peer, const wire::request_head& head) const;

 private:
  bool knows(std::string_view peer) const;

  std::vector<ip_network> networks_;
  bool unix_ = false;
  proxy_options::fields fields_;
};

}  // namespace cluster::http
