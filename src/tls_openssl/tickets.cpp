// SPDX-License-Identifier: BSL-1.0
#include "tls_openssl/context.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <span>

namespace cluster::tls {
namespace {

constexpr int failed = -1;
constexpr int unknown = 0;
constexpr int fine = 1;
constexpr int renew = 2;  // fine, and the client shall have a new one

bool set_mac(EVP_MAC_CTX* to, const ticket_key& key) {
  std::array<unsigned char, 32> octets = key.mac;  // the interface wants something that could be changed
  char digest[] = "SHA256";
  const std::array parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, octets.data(), octets.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(to, parameters.data()) == 1;
}

int on_ticket(SSL* connection, unsigned char* name, unsigned char* start, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int sealing) {
  const auto* const all =
      static_cast<const openssl_context*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
  if (all == nullptr || !all->tickets()) return failed;
  const ticket_keys& keys = *all->tickets();
  if (sealing != 0) {
    std::ranges::copy(keys.current.name, name);
    const bool done =
        RAND_bytes(start, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 &&
        EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), keys.current.cipher.data(), start, nullptr) == 1 &&
        set_mac(mac, keys.current);
    return done ? fine : failed;
  }
  for (const ticket_key* each : {&keys.current, &keys.next, &keys.previous}) {
    if (!std::ranges::equal(each->name, std::span(name, each->name.size()))) continue;
    const bool done = set_mac(mac, *each) && EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(),
                                                                 each->cipher.data(), start, nullptr) == 1;
    if (!done) return failed;
    return each == &keys.previous ? renew : fine;
  }
  return unknown;
}

}  // namespace

void use_tickets(SSL_CTX& one, openssl_context& shared) {
  SSL_CTX_set_app_data(&one, &shared);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(&one, on_ticket);
}

}  // namespace cluster::tls
