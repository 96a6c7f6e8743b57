// SPDX-License-Identifier: BSL-1.0
#include "tls_openssl/context.hpp"

#include "tls_openssl/session.hpp"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

namespace cluster::tls {
namespace {

using problem = std::optional<std::string>;

bio_ptr memory(std::string_view text) {
  return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key with a passphrase is refused instead of asked for on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

problem add_certificate(SSL_CTX& to, const material::certificate& from) {
  const bio_ptr chain = memory(from.chain);
  const x509_ptr leaf(PEM_read_bio_X509_AUX(chain.get(), nullptr, no_passphrase, nullptr));
  if (!leaf) return from.name + ": there is no certificate in PEM form in it";
  if (SSL_CTX_use_certificate(&to, leaf.get()) != 1) return from.name + ": " + last_problem();
  for (;;) {
    x509_ptr next(PEM_read_bio_X509(chain.get(), nullptr, no_passphrase, nullptr));
    if (!next) break;
    if (SSL_CTX_add0_chain_cert(&to, next.get()) != 1) return from.name + ": " + last_problem();
    static_cast<void>(next.release());
  }
  // The chain ends where no further PEM block begins; a block that is broken is another matter.
  if (const auto code = ERR_peek_last_error();
      code != 0 && !(ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE))
    return from.name + ": the chain behind the certificate: " + last_problem();
  ERR_clear_error();
  const bio_ptr key_text = memory(from.key);
  const key_ptr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_passphrase, nullptr));
  if (!key && from.key.find("ENCRYPTED") != std::string::npos)
    return from.key_name + ": the private key has a passphrase; store it without one";
  if (!key) return from.key_name + ": there is no private key in PEM form in it";
  if (X509_check_private_key(leaf.get(), key.get()) != 1)
    return from.key_name + ": the private key does not belong to the certificate in " + from.name;
  if (SSL_CTX_use_PrivateKey(&to, key.get()) != 1) return from.key_name + ": " + last_problem();
  return std::nullopt;
}

problem ask_clients(SSL_CTX& of, const material& from) {
  using clients = tls_options::client_certificates;
  if (from.clients == clients::off) return std::nullopt;
  if (from.client_ca.empty())
    return "client certificates: there is no file with authorities to check them with";
  const bio_ptr text = memory(from.client_ca);
  int count = 0;
  for (;; ++count) {
    const x509_ptr one(PEM_read_bio_X509(text.get(), nullptr, no_passphrase, nullptr));
    if (!one) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&of), one.get()) != 1 ||
        SSL_CTX_add_client_CA(&of, one.get()) != 1)
      return from.client_ca_name + ": " + last_problem();
  }
  ERR_clear_error();
  if (count == 0) return from.client_ca_name + ": there is no certificate in PEM form in it";
  const int strict = from.clients == clients::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(&of, SSL_VERIFY_PEER | strict, nullptr);
  return std::nullopt;
}

// The one protocol that is spoken here; who offers others only is told so instead of being misunderstood.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  static constexpr unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, ours, sizeof ours, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

int choose_certificate(SSL* connection, int*, void* all) {
  const char* const name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  SSL_CTX* const found = name == nullptr ? nullptr : static_cast<const openssl_context*>(all)->find(name);
  if (found != nullptr) SSL_set_SSL_CTX(connection, found);
  return SSL_TLSEXT_ERR_OK;
}

void set_defaults(SSL_CTX& of, const material& from) {
  const bool newest = from.minimum == tls_options::version::tls_1_3;
  SSL_CTX_set_min_proto_version(&of, newest ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(&of, "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2: forward secrecy, authenticated
  SSL_CTX_set_options(&of, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                               SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(&of, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(&of, 1);
  SSL_CTX_set_alpn_select_cb(&of, choose_protocol, nullptr);
  SSL_CTX_set_session_cache_mode(&of, SSL_SESS_CACHE_OFF);
  // A session is gone on with only where clients are judged by the same rules as when it began.
  const std::string rules = std::to_string(static_cast<int>(from.clients)) + from.client_ca;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(rules.data(), rules.size(), digest, &size, EVP_sha256(), nullptr);
  SSL_CTX_set_session_id_context(&of, digest, size);
  if (from.ticket_lifetime.count() == 0) {
    SSL_CTX_set_options(&of, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(&of, 0);
  } else {
    SSL_CTX_set_timeout(&of, static_cast<long>(from.ticket_lifetime.count()));
  }
}

}  // namespace

SSL_CTX* openssl_context::find(const char* server_name) const noexcept {
  for (const ssl_ctx_ptr& each : contexts_)
    if (X509_check_host(SSL_CTX_get0_certificate(each.get()), server_name, 0, 0, nullptr) == 1)
      return each.get();
  return nullptr;
}

std::unique_ptr<session> openssl_context::begin(std::shared_ptr<const context> self) const {
  return std::make_unique<openssl_session>(std::move(self), *contexts_.front());
}

std::shared_ptr<const context> openssl_context::make(const material& from, std::string& why) {
  const auto refuse = [&](const std::string& reason) {
    ERR_clear_error();
    why = "tls: " + reason;
    return nullptr;
  };
  if (from.certificates.empty()) return refuse("there is no certificate");
  const auto made = std::make_shared<openssl_context>();
  made->tickets_ = from.tickets;
  for (const material::certificate& each : from.certificates) {
    ERR_clear_error();
    ssl_ctx_ptr one(SSL_CTX_new(TLS_server_method()));
    if (!one) return refuse(last_problem());
    set_defaults(*one, from);
    if (const problem bad = add_certificate(*one, each)) return refuse(*bad);
    if (const problem bad = ask_clients(*one, from)) return refuse(*bad);
    // What the macros for it say, with a cast that is seen.
    SSL_CTX_callback_ctrl(one.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(choose_certificate));
    SSL_CTX_ctrl(one.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, made.get());
    if (from.tickets && from.ticket_lifetime.count() != 0) use_tickets(*one, *made);
    made->contexts_.push_back(std::move(one));
  }
  return made;
}

}  // namespace cluster::tls

const cluster::tls::provider* cluster_tls_provider() noexcept {
  static constexpr cluster::tls::provider ours{cluster::tls::openssl_context::make};
  return &ours;
}
