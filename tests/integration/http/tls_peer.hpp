// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "client.hpp"
#include "support/catch.hpp"
#include "support/tls.hpp"

#include <cluster/http/options.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace cluster::test {

/// An authority and certificates of it as files.
class certificates {
 public:
  certificates() {
    char name[] = "/tmp/cluster-tls-XXXXXX";
    folder_ = ::mkdtemp(name);
    add("a.test");
  }
  ~certificates() { std::filesystem::remove_all(folder_); }
  certificates(const certificates&) = delete;
  certificates& operator=(const certificates&) = delete;

  void add(const std::string& name) {
    const std::string path = write_identity(folder_, name, root.issue({name}));
    options.tls.certificates.push_back({path + ".pem", path + ".key"});
  }
  /// In the place of the file that is there under that name.
  void renew(const std::string& old_name, const std::string& name) {
    write_identity(folder_, old_name, root.issue({name}));
  }
  std::string authority_file() {
    const std::string path = folder_ + "/ca.pem";
    write_identity(folder_, "ca", {root.certificate(), ""});
    return path;
  }

  authority root;
  http::server_options options;

 private:
  std::string folder_;
};

/// The raw client, and TLS on it.
class tls_peer {
 public:
  explicit tls_peer(unsigned short port, const tls_settings& settings = {},
                    const tls_ticket& ticket = nullptr, int receive_buffer = 0)
      : raw(port, receive_buffer), tls(raw.fd(), settings, ticket) {
    good = tls.handshake();
  }

  reply ask(const std::string& request) {
    tls.send(request);
    return read();
  }
  reply read() {
    reply out;
    std::size_t empty_line;
    while ((empty_line = read_.find("\r\n\r\n")) == std::string::npos)
      if (!tls.receive(read_)) return out;
    out.head = read_.substr(0, empty_line + 4);
    read_.erase(0, empty_line + 4);
    out.status = static_cast<unsigned>(std::atoi(out.head.c_str() + 9));
    const std::size_t at = out.head.find("Content-Length: ");
    if (out.status == 101 || at == std::string::npos) return out;
    const auto length = static_cast<std::size_t>(std::atoll(out.head.c_str() + at + 16));
    if (!read_octets(out.body, length)) return {};
    return out;
  }
  bool read_octets(std::string& out, std::size_t size) {
    while (read_.size() < size)
      if (!tls.receive(read_)) return false;
    out = read_.substr(0, size);
    read_.erase(0, size);
    return true;
  }
  std::string read_until(const std::string& text) {
    while (read_.find(text) == std::string::npos)
      if (!tls.receive(read_)) return {};
    const std::size_t end = read_.find(text) + text.size();
    std::string out = read_.substr(0, end);
    read_.erase(0, end);
    return out;
  }
  /// Whether the end comes now, and was announced.
  bool closed_in_order() { return read_.empty() && !tls.receive(read_) && tls.ended_in_order(); }

  client raw;
  tls_client tls;
  bool good = false;

 private:
  std::string read_;
};

}  // namespace cluster::test
