// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tls/session.hpp"
#include "tls_openssl/openssl.hpp"

namespace cluster::tls {

class openssl_session final : public session {
 public:
  openssl_session(std::shared_ptr<const context> keep, SSL_CTX& on);

  state receive(std::string_view octets, wire::byte_buffer& plain, wire::byte_buffer& out) override;
  bool send(std::string_view plain, wire::byte_buffer& out) override;
  void end(wire::byte_buffer& out) override;
  std::string client_subject() const override;

 private:
  struct call;

  static int read(BIO* from, char* to, int room);
  static int write(BIO* to, const char* octets, int size);
  static BIO_METHOD* method();
  state fail(int result);

  std::shared_ptr<const context> context_;
  ssl_ptr connection_;
  // What OpenSSL reads from and writes to: the octets of the call that runs.
  std::string_view in_;
  wire::byte_buffer* out_ = nullptr;
  bool end_said_ = false;
};

}  // namespace cluster::tls
