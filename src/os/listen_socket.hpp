// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/address.hpp"
#include "os/system_error.hpp"
#include "os/unique_fd.hpp"

#include <cluster/listener.hpp>

#include <sys/types.h>

#include <string>
#include <vector>

namespace cluster::os {

/// A bound, listening, non-blocking socket. A Unix socket's file is removed with it, if it is still the
/// file that was made here.
class listen_socket {
 public:
  listen_socket() = default;
  listen_socket(listen_socket&&) noexcept = default;
  listen_socket& operator=(listen_socket&& other) noexcept;
  ~listen_socket() { remove_file(); }

  int fd() const noexcept { return fd_.get(); }
  const listener& description() const noexcept { return description_; }
  void set_name(std::string name) { description_.name = std::move(name); }
  /// The file of a Unix socket stays when this object goes: somebody else goes on listening there.
  void leave_file() noexcept { directory_.reset(); }
  void set_number(std::uint64_t number) noexcept { description_.number = number; }
  void set_manners(bool tls, bool proxy) noexcept {
    description_.tls = tls;
    description_.proxy = proxy;
  }
  /// Of a Unix socket: from now on nobody finds it any more.
  void remove_file() noexcept;

 private:
  friend struct listen_socket_access;

  unique_fd fd_;
  listener description_;
  unique_fd directory_;  ///< of the socket file; set only while there is a file to remove
  std::string file_name_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

struct listen_settings {
  int backlog = 4096;
  unsigned unix_mode = 0660;
  bool share_port = false;  ///< TCP: other sockets of this user may listen there beside it
  int defer_accept = 0;     ///< TCP; see listen_address
  int fast_open = 0;
  bool keep_alive = false;
};

/// Opens what `address` names and appends it to `out`; one address may give several sockets (a host name
/// with several addresses, several sockets from the service manager). On failure nothing is appended and
/// the detail is one line with the address and the reason.
failure open_listeners(const listen_address& address, const listen_settings& settings,
                       std::vector<listen_socket>& out);

/// Where a socket listens, as it says itself; leaves the name as it is.
failure describe_listener(int fd, listener& out);

/// Whether somebody who shares it has ended it for all by shutdown(2).
bool was_shut_down(const listen_socket& socket);
/// Makes such a one listen again where it did; what waited in its queue is gone.
error_code listen_again(const listen_socket& socket, int backlog);

/// A listening socket that somebody else has opened; takes the descriptor. With `own_file` the file of a
/// Unix socket is removed with it, as if it had been made here.
failure adopt_listener(unique_fd fd, const listener& description, bool own_file, listen_socket& out);

}  // namespace cluster::os
