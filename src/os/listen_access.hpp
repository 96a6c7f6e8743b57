// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "os/listen_socket.hpp"

#include <string>
#include <utility>

namespace cluster::os {

/// How the files that open listeners fill in a listen_socket.
struct listen_socket_access {
  static listen_socket make(unique_fd fd, listener description) {
    listen_socket socket;
    description.native_handle = fd.get();
    socket.fd_ = std::move(fd);
    socket.description_ = std::move(description);
    return socket;
  }
  static void set_uri(listen_socket& socket, std::string uri) { socket.description_.uri = std::move(uri); }
  static void set_inherited(listen_socket& socket) { socket.description_.inherited = true; }
  static void own_file(listen_socket& socket, unique_fd directory, std::string file_name, dev_t device,
                       ino_t inode) {
    socket.directory_ = std::move(directory);
    socket.file_name_ = std::move(file_name);
    socket.device_ = device;
    socket.inode_ = inode;
  }
};

/// "tcp://127.0.0.1:8000", "unix:/run/app.sock", as the socket itself says.
failure describe_socket(int fd, listener& out);

// A descriptor that somebody else opened becomes ours, if it is a listening stream socket that none of `held`
// has already.
failure adopt_passed(int fd, const std::string& what, std::string name,
                     const std::vector<listen_socket>& held, std::vector<listen_socket>& out);
// Gives sockets opened for one address their names and manners and puts them to the others, unless a name is
// there already.
failure append_opened(const listen_address&, std::vector<listen_socket>&& opened,
                      std::vector<listen_socket>& out);

failure open_tcp(const listen_address&, const listen_settings&, std::vector<listen_socket>& out);
failure open_unix(const listen_address&, const listen_settings&, std::vector<listen_socket>& out);
// `held`: what is open already, as a passed descriptor can have one owner only.
failure open_inherited(const listen_address&, const std::vector<listen_socket>& held,
                       std::vector<listen_socket>& out);
failure open_from_service_manager(const listen_address&, const std::vector<listen_socket>& held,
                                  std::vector<listen_socket>& out);

}  // namespace cluster::os
