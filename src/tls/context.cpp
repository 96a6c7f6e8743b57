// SPDX-License-Identifier: BSL-1.0
#include "tls/context.hpp"

namespace cluster {

bool tls_available() noexcept { return &cluster_tls_provider != nullptr; }

namespace tls {

std::shared_ptr<const context> context::make(const material& from, std::string& why) {
  if (tls_available()) return cluster_tls_provider()->make(from, why);
  why = "tls: this program was linked without TLS; link it with cluster::tls (built with CLUSTER_TLS=ON)";
  return nullptr;
}

}  // namespace tls
}  // namespace cluster
