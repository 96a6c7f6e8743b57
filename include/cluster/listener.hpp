// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>

namespace cluster {

/// A bound and listening socket as a worker sees it. The descriptor belongs to the `worker` object and
/// stays open until the listener is taken away, worker::release_listeners() or its destruction; never call
/// shutdown(2) or listen(2) on it, both reach through to every process that shares the socket.
struct listener {
  enum class family : std::uint8_t { tcp, unix_socket };

  std::string name;  ///< "tcp-0", or the name that the service manager gave
  std::string uri;   ///< where it really listens: "tcp://127.0.0.1:8000", "unix:/run/app.sock"
  family kind = family::tcp;
  std::uint16_t port = 0;  ///< TCP only
  bool tls = false;        ///< its connections begin with a handshake of TLS
  bool proxy = false;      ///< its connections begin with a header of the PROXY protocol
  int native_handle = -1;
  std::uint64_t number = 0;  ///< counts up from 1 and is never used again in this cluster
  bool inherited = false;    ///< somebody else has opened it and may have it still: "fd:N", "systemd:"
};

}  // namespace cluster
