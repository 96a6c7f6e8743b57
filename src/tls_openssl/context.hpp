// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tls/context.hpp"
#include "tls_openssl/openssl.hpp"

#include <vector>

namespace cluster::tls {

class openssl_context final : public context {
 public:
  static std::shared_ptr<const context> make(const material& from, std::string& why);

  std::unique_ptr<session> begin(std::shared_ptr<const context> self) const override;

  /// Null: the name says nothing to us.
  SSL_CTX* find(const char* server_name) const noexcept;
  const std::optional<ticket_keys>& tickets() const noexcept { return tickets_; }

 private:
  std::vector<ssl_ctx_ptr> contexts_;  ///< one a certificate, the first one is the default
  std::optional<ticket_keys> tickets_;
};

/// Makes `one` seal and open tickets with the keys of `shared`, which has to outlive it.
void use_tickets(SSL_CTX& one, openssl_context& shared);

}  // namespace cluster::tls
