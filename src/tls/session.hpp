// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "tls/context.hpp"
#include "wire/byte_buffer.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cluster::tls {

/// TLS on one connection, seen from the server: octets in, octets out, and no socket.
class session {
 public:
  enum class state : std::uint8_t {
    handshake,  ///< nothing can be sent yet
    open,
    ended,  ///< the client has said that it sends no more
    failed  ///< see why(); what is in the output tells the client
  };

  session() = default;
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  virtual ~session() = default;

  state at() const noexcept { return at_; }

  /// Takes all that has come. Appends what the client says to `plain`, and what has to go back to `out`.
  virtual state receive(std::string_view octets, wire::byte_buffer& plain, wire::byte_buffer& out) = 0;

  /// Appends `plain`, sealed, to `out`. False if that is not possible (any more).
  virtual bool send(std::string_view plain, wire::byte_buffer& out) = 0;

  /// Says once that nothing more will be sent.
  virtual void end(wire::byte_buffer& out) = 0;

  /// In words, of a session that has failed.
  const std::string& why() const noexcept { return why_; }
  /// The subject of the client's certificate, "CN=Ann,O=Example"; empty if it showed none.
  virtual std::string client_subject() const = 0;

 protected:
  std::string why_;
  state at_ = state::handshake;
};

}  // namespace cluster::tls
