// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/export.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace cluster {

/// A certificate with the chain behind it, and its private key without a passphrase; PEM files.
struct tls_certificate {
  std::string certificate;
  std::string key;
};

/// What listeners that speak TLS have in common. The files are read by whoever makes the listeners (with
/// cluster::run the supervisor, before the workers take on their user), when it starts and at each reload.
struct tls_options {
  /// The first one serves clients that name no server, or one that no certificate is for; the others are
  /// chosen by the names in them. Empty: no TLS. At most 64.
  std::vector<tls_certificate> certificates;

  enum class client_certificates : std::uint8_t {
    off,       ///< not asked for
    optional,  ///< asked for; one that does not stand the test of `client_ca` ends the handshake
    required   ///< without one the handshake fails
  };
  client_certificates clients = client_certificates::off;
  /// PEM file with the authorities whose certificates clients may show.
  std::string client_ca;

  enum class version : std::uint8_t { tls_1_2, tls_1_3 };
  /// Clients that speak only older ones are refused.
  version minimum = version::tls_1_2;

  /// How often the keys of session tickets are replaced. All workers share them, so a session can be
  /// resumed at any of them, and after a reload, for as long as this.
  /// Zero: no tickets, each handshake is a full one.
  std::chrono::seconds ticket_rotation{12 * 3600};
};

/// Whether this program can speak TLS: it was linked with the component `tls` (cluster::tls in CMake).
CLUSTER_API bool tls_available() noexcept;

}  // namespace cluster
