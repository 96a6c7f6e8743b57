// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cluster::test {

/// A certificate and its key as PEM text, made when a test runs.
struct identity {
  std::string certificate;
  std::string key;
};

/// An authority that lives as long as a test.
class authority {
 public:
  explicit authority(const std::string& name = "Test Authority");
  ~authority();
  authority(const authority&) = delete;
  authority& operator=(const authority&) = delete;

  const std::string& certificate() const;
  /// For these server names; the first one is the common name of the subject.
  identity issue(const std::vector<std::string>& names) const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Writes it as NAME.pem and NAME.key into a folder; returns the path without the ending.
std::string write_identity(const std::string& folder, const std::string& name, const identity& what);

struct tls_settings {
  std::string authority;                 ///< whom to trust, PEM; empty: everybody
  std::string server_name;               ///< SNI, and the name that is checked
  identity own;                          ///< a certificate to show
  std::vector<std::string> protocols{};  ///< ALPN
  int newest = 0;                        ///< 0: whatever there is; 12: TLS 1.2
};

/// A session to go on with in another connection.
using tls_ticket = std::shared_ptr<void>;

/// A blocking client of OpenSSL's over a connected socket that belongs to somebody else; waits are bounded by
/// the socket's own time-out.
class tls_client {
 public:
  tls_client(int fd, const tls_settings& settings, const tls_ticket& ticket = nullptr);
  ~tls_client();
  tls_client(const tls_client&) = delete;
  tls_client& operator=(const tls_client&) = delete;

  bool handshake();
  bool send(const std::string& octets);
  /// Appends what comes next. False at the end.
  bool receive(std::string& to);
  /// Whether the end that receive() met was announced (close_notify).
  bool ended_in_order() const;
  void end();

  const std::string& problem() const;
  std::string protocol() const;  ///< of ALPN
  std::string version() const;   ///< "TLSv1.3"
  std::string server_subject() const;
  bool resumed() const;
  /// The newest one that has come, if any; of TLS 1.3 it comes behind the handshake.
  tls_ticket ticket() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace cluster::test
